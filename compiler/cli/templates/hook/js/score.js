// hook score(words: text(1000)) -> number: how loud a complaint is, from 0 to 1.
//
// What is returned is the number; what is thrown is a hook-error: { tag: "invalid", val: "…" }.

export function score(ctx, subject) {
  const { words } = JSON.parse(subject);
  if (typeof words !== "string") throw { tag: "invalid", val: "no `words`" };
  const signs = words.split("!").length - 1;
  const shouted = words.split(/\s+/).filter((w) => w.length > 3 && w === w.toUpperCase() && /\p{L}/u.test(w)).length;
  const loud = signs + 2 * shouted;
  return loud / (loud + 2);
}
