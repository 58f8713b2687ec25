/** The terminal's lines of `npm start`: one for each event. */
import type { Running } from './component.js';
import { redact } from '../../platform/secrets.js';

export interface Terminal {
  say(line: string): void;
  /** `worker     up     task queue order-fulfillment   pid 4711` */
  up(name: string, running: Pick<Running, 'pid' | 'where'>, restarted: boolean): void;
  /** A line about one component, without secrets. Equal texts within ten seconds are printed once. */
  tell(name: string, text: string): void;
}

const REPEAT_AFTER = 10_000;

const label = (name: string): string => name.padEnd(14);

export function openTerminal(write: (text: string) => void): Terminal {
  const said = new Map<string, number>();
  const say = (line: string): void => {
    write(`${line}\n`);
  };
  return {
    say,
    up: (name, { pid, where }, restarted) => {
      say(`${label(name)}${restarted ? 'up again' : 'up'}  ${where}  pid ${pid}`);
    },
    tell: (name, text) => {
      const now = performance.now();
      for (const [key, at] of said) if (now - at > REPEAT_AFTER) said.delete(key);
      const key = `${name} ${text}`;
      if (said.has(key)) return;
      said.set(key, now);
      say(`${label(name)}${redact(text)}`);
    },
  };
}
