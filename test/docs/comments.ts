/** The comments of a TypeScript source, found by reading it token by token: strings, templates and patterns are no comments. */

export interface Comment {
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
}

/** A string, a comment, a template up to its end or its next `${`, a word or number, or one other character. */
const TOKEN =
  /'(?:\\[^]|[^'\\\n])*'|"(?:\\[^]|[^"\\\n])*"|\/\*[^]*?\*\/|\/\/[^\n]*|`(?:\\[^]|\$(?!\{)|[^`\\$])*(?:`|\$\{)|[\w$]+|\s+|[^]/y;
const REST_OF_TEMPLATE = /(?:\\[^]|\$(?!\{)|[^`\\$])*(?:`|\$\{)/y;
const PATTERN = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/[\\\n])+\/\w*/y;
/** A slash behind one of these begins a pattern; behind another word, a `)` or a `]` it divides. */
const BEFORE_A_PATTERN =
  /^(?:return|typeof|case|in|of|do|else|void|delete|await|yield|instanceof|new|throw)$|^[^\w$)\]}]$/;

/** Reads one token from a place on. */
function tokenAt(source: string, at: number, pattern: RegExp): string {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0] ?? '';
}

/** All comments of a source, in its order, without their marks. */
export function commentsOf(source: string): Comment[] {
  const comments: Comment[] = [];
  /** For each open `${` the count of braces that are open inside of it. */
  const templates: number[] = [];
  let before = ';';
  let line = 1;
  for (let at = 0; at < source.length;) {
    let token = tokenAt(source, at, TOKEN);
    if (token === '/' && BEFORE_A_PATTERN.test(before)) token = tokenAt(source, at, PATTERN) || token;
    if (token === '{' && templates.length > 0) templates[templates.length - 1] = (templates.at(-1) ?? 0) + 1;
    if (token === '}' && templates.length > 0) {
      const open = templates.pop() ?? 0;
      if (open > 0) templates.push(open - 1);
      else token += tokenAt(source, at + 1, REST_OF_TEMPLATE);
    }
    if (/^[`}][^]*\$\{$|^`\$\{$/.test(token)) templates.push(0);
    if (/^\/[/*]/.test(token) && (token.startsWith('//') || token.endsWith('*/'))) {
      comments.push({ line, text: unmarked(token) });
    } else if (token.trim() !== '')
      before = token.endsWith('${') ? ';' : token.length > 1 && !/^[\w$]/.test(token) ? 'x' : token;
    line += token.split('\n').length - 1;
    at += token.length;
  }
  return comments;
}

const unmarked = (comment: string): string =>
  comment.startsWith('//')
    ? comment.slice(2)
    : comment
        .slice(2, -2)
        .split('\n')
        .map((text) => text.replace(/^\s*\*+ ?/, ''))
        .join('\n');
