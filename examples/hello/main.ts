/** Greets somebody: the smallest val there is. */
export default function hello(name = "world"): string {
  console.log(`greeting ${name}`);
  return `Hello, ${name}!`;
}
