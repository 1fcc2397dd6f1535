// Owns the piece of work that all contenders do.

export const EXPRESSION = "[1,2,3].map(x => x*2)";
