/** Names in the environment that are most likely misspelt: nothing reads them, and they look like ours. */

/** Every name that begins so is ours. Others of our names begin with words that other programs use as well. */
const OUR_PREFIXES =
  /^(SAGA|AUTH|API|KAFKA|REDIS|MONGODB|KURRENTDB|JOURNAL|PAYMENT|INVENTORY|SHIPPING|NOTIFICATION|RELAY|METRICS|UNWIND)_/;

/** Read outside of the configuration, by docker-compose.yml, or set by Kubernetes for each of its services. */
const OTHERS = /^UNWIND_|_VERSION$|_SERVICE_(HOST|PORT)|_PORT_\d+_(TCP|UDP)|_POSTGRES_PASSWORD$/;

/** So many letters may be wrong in a name that does not begin as ours do. */
const TYPING_ERRORS = 2;

/** One sentence for each misspelt name, with the known name that is nearest. */
export function misspeltNames(env: NodeJS.ProcessEnv, known: readonly string[]): string[] {
  return Object.keys(env).flatMap((name) => {
    if (known.includes(name) || OTHERS.test(name)) return [];
    const [nearest, distance] = nearestOf(name, known);
    if (!OUR_PREFIXES.test(name) && (distance > TYPING_ERRORS || name.length < 8)) return [];
    const hint = distance <= name.length / 2 ? `the nearest name is ${nearest}` : 'see .env.example for the names';
    return [`${name} is no variable that Unwind knows: ${hint}.`];
  });
}

function nearestOf(name: string, known: readonly string[]): [name: string, distance: number] {
  let best: [string, number] = ['', Infinity];
  for (const each of known) {
    const distance = typingErrors(name, each);
    if (distance < best[1]) best = [each, distance];
  }
  return best;
}

/** Letters that are missing, superfluous or wrong: the Levenshtein distance. */
function typingErrors(one: string, other: string): number {
  let above = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const isWrong = one[row - 1] === other[column - 1] ? 0 : 1;
      const candidates = [(above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (above[column - 1] ?? 0) + isWrong];
      current.push(Math.min(...candidates));
    }
    above = current;
  }
  return above.at(-1) ?? 0;
}
