/** Text of others, such as ids and reasons, on its way to a terminal. */

/** Controls, marks without width and marks that turn the direction of text: a terminal acts on them, or hides them. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const escapeOf = (character: string): string =>
  Array.from(
    { length: character.length },
    (_, index) => String.raw`\u` + character.charCodeAt(index).toString(16).padStart(4, '0'),
  ).join('');

/**
 * The text with each character that a terminal would act on as `\u001b`, which is its form in JSON as well, so that JSON stays
 * the same value. Line feeds and tabs are kept.
 */
export const printable = (text: string): string =>
  text.replaceAll(UNPRINTABLE, (character) =>
    character === '\n' || character === '\t' ? character : escapeOf(character),
  );
