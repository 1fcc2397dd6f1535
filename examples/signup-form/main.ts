/** Checks a sign-up form and answers either the cleaned values or a message for each wrong field. */
import { z } from "npm:zod@4";

const Signup = z.object({
  name: z.string().trim().min(2, "too short"),
  email: z.email("not an e-mail address").toLowerCase(),
  age: z.coerce.number().int("not a whole number").min(13, "too young"),
  newsletter: z.boolean().default(false),
});

type Checked =
  | { ok: true; value: z.infer<typeof Signup> }
  | { ok: false; errors: Record<string, string[]> };

export default function signupForm(form: unknown): Checked {
  const { success, data, error } = Signup.safeParse(form);
  if (success) return { ok: true, value: data };
  return { ok: false, errors: z.flattenError(error).fieldErrors };
}
