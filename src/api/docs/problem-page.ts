/** The page at a problem's `type`, and the list of all problems. */
import { escape, page, prose } from './html.js';
import { PROBLEMS, problemType, type ProblemCode, type ProblemKind } from '../../problems.js';

const isCode = (code: string): code is ProblemCode => Object.hasOwn(PROBLEMS, code);

/** Undefined if there is no such problem. */
export function problemPage(code: string): string | undefined {
  if (!isCode(code)) return undefined;
  const { status, title, operator, retryAfter }: ProblemKind = PROBLEMS[code];
  const repeat =
    retryAfter === undefined
      ? 'Repeating the same request does not help.'
      : `The same request can be repeated: \`Retry-After\` says when, by default after ${retryAfter} s.`;
  return page(
    code,
    `<h1><code>${code}</code></h1>
<p><strong>${escape(title)}</strong></p>
<p>HTTP status ${status}. ${prose(repeat).replace(/^<p>|<\/p>$/g, '')}</p>
<section><h2>What the operator does</h2>${prose(operator)}</section>
<p><a href="/problems">All problems</a> · <a href="/docs">The API</a></p>`,
  );
}

export const problemList = (): string => page('Problems', `<h1>Problems</h1>${problemTable()}`);

function problemTable(): string {
  const rows = Object.entries<ProblemKind>(PROBLEMS).map(
    ([code, { status, title, operator }]) =>
      `<tr><td><a href="${problemType(code as ProblemCode)}"><code>${code}</code></a></td><td>${status}</td><td>${prose(title)}</td><td>${prose(operator)}</td></tr>`,
  );
  return `<table><tr><th>Code</th><th>Status</th><th>For the customer</th><th>For the operator</th></tr>${rows.join('')}</table>`;
}
