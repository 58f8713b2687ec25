import { kindOf, reasonOf } from '../../src/platform/reason.js';

const systemError = (message: string, code: string): Error => Object.assign(new Error(message), { code });

describe('the text of an error that may be anything', () => {
  test.each([
    ['the first line of its message', new Error('it broke\nat line 2'), 'it broke'],
    ['the first of several errors in one, as a refused connection to two addresses has them', refused(), 'connect ::1'],
    ['its code if it has no message', systemError('', 'ECONNRESET'), 'ECONNRESET'],
    ['its name if it has neither', new TypeError(), 'TypeError'],
    ['the text of a value that is no error', 'gone', 'gone'],
    ['the name of an empty value', undefined, 'undefined'],
  ])('is %s', (_, error, reason) => {
    expect(reasonOf(error)).toBe(reason);
  });

  function refused(): AggregateError {
    return new AggregateError([systemError('connect ::1', 'ECONNREFUSED'), systemError('connect 127.0.0.1', 'X')]);
  }
});

describe('the kind of an error says nothing of what was sent', () => {
  test.each([
    ['a code of the system', systemError('write to jane@example.com', 'ECONNREFUSED'), 'ECONNREFUSED'],
    ['the name if the code is none of the system', systemError('x', 'jane@example.com'), 'Error'],
    ['the name of an exception of the platform', new DOMException('no answer to Jane', 'TimeoutError'), 'TimeoutError'],
    ['nothing of a text that was thrown', 'jane@example.com', 'unknown'],
  ])('it is %s', (_, error, kind) => {
    expect(kindOf(error)).toBe(kind);
  });
});
