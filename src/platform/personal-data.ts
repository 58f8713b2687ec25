/**
 * Recognises personal data, which is kept out of ids, histories, events and logs (rule 33). Pure functions; this file
 * imports nothing.
 */

const EMAIL = /[^\s@]@[^\s@]/;

/** 13 to 19 digits, as card numbers are written. */
const CARD = /(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])/g;

/** True for an id of nothing but 13 to 19 digits, with or without separators, because it may be a card number. */
export const looksLikeCardNumber = (id: string): boolean => /^[0-9]{13,19}$/.test(id.replaceAll(/[-_.: ]/g, ''));

/** For ids that callers choose. */
export const looksPersonal = (id: string): boolean => EMAIL.test(id) || looksLikeCardNumber(id);

/** For texts of staff: finds an e-mail address, or a number that passes the check digit of cards. */
export function holdsPersonalData(text: string): boolean {
  return EMAIL.test(text) || [...text.matchAll(CARD)].some(([number]) => hasCheckDigit(number));
}

/** The Luhn algorithm: https://www.iso.org/standard/70484.html (ISO/IEC 7812-1, annex B). */
function hasCheckDigit(number: string): boolean {
  const digits = (number.match(/[0-9]/g) ?? []).map(Number);
  const sum = digits.toReversed().reduce((total, digit, index) => {
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}
