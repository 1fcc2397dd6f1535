/** What vals can import of the town: `import { api, email, me, val } from "thorp:std"`. */
declare module "thorp:std" {
  /** What JSON can express. */
  export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

  /**
   * Calls a val (`"@bob/translate"`) as its author, in a sandbox of the author's; the answer is JSON. Fails with what that val
   * failed with: `name`, `message` and a `code`.
   */
  export function api<Result = unknown>(target: string, ...args: unknown[]): Promise<Result>;

  /** Sends a mail to the user whose permissions the program has. */
  export function email(
    message: unknown | {
      html?: string;
      text?: string;
      subject?: string;
      replyTo?: string;
      attachments?: { filename: string; content: string; contentType?: string }[];
    },
    subject?: string,
  ): Promise<void>;

  /** The value of a val (`"@bob/rate"`) that may be read, as it is now; `undefined` if there is none. */
  export function val<Value = unknown>(name: string): Promise<Value | undefined>;

  /** The vals of the program's author that hold values. */
  export const me: {
    /** The value of a val. */
    get<Value = unknown>(name: string): Promise<Value | undefined>;
    /** Sets a val, and makes it if there is none. What a run sets is kept when it ends well. */
    set(name: string, value: unknown): Promise<void>;
    /** Sets a val to what a function makes of its value; nobody else writes it in between, and it is kept at once. */
    update<Value = unknown>(name: string, change: (value: Value) => Value | Promise<Value>): Promise<Value>;
    /** Deletes a val. */
    delete(name: string): Promise<void>;
  };
}
