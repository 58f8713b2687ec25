/** The secrets of this process, which no log line and no message may show, even if a driver's error quotes them. */

/** A shorter secret may be part of ordinary words: it is masked only between a colon and an `@`. */
const SHORTEST = 5;
const MASK = '***';

/** Passwords of development, in docker-compose.yml, that are ordinary words of every log. */
const WORDS = new Set(['unwind', 'temporal', 'postgres']);

const masked = new Set<string>();

/** Such as `?password=…`, `&sslpassword=…` and `&tlsCertificateKeyFilePassword=…`. */
const SECRET_PARAMETER = /[?&;,][^=&?]*(?:password|passphrase|secret|token)=([^&\s]+)/gi;

/** Remembers the password of each `//user:password@` in a text, and of each parameter that holds one. */
export function keepSecretsOfUrl(text: string): void {
  for (const [, user = '', password = ''] of text.matchAll(/\/\/([^:/@\s]*):([^\s]*)@/g)) {
    // A password that equals the user's name, as in development, would mask the name everywhere.
    if (password === user) continue;
    mask(password);
    mask(decode(password));
  }
  for (const [, password = ''] of text.matchAll(SECRET_PARAMETER)) {
    mask(password);
    mask(decode(password));
  }
}

/** Remembers a secret. */
export function mask(secret: string): void {
  if (secret === '' || WORDS.has(secret)) return;
  const forms = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)];
  for (const form of forms) masked.add(form.length < SHORTEST ? `:${form}@` : form);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The text with each secret of this process replaced. */
export function redact(text: string): string {
  let shown = text;
  // The longer first, because a shorter one may be a part of it.
  for (const secret of [...masked].sort((one, other) => other.length - one.length)) {
    if (shown.includes(secret)) shown = shown.replaceAll(secret, secret.startsWith(':') ? `:${MASK}@` : MASK);
  }
  return shown;
}
