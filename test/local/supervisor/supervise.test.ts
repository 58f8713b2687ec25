import type { Component, Running } from '../../../src/local/supervisor/component.js';
import { StartError } from '../../../src/platform/start-error.js';
import { supervise } from '../../../src/local/supervisor/supervise.js';
import { eventually } from '../../support/eventually.js';

/** A component whose every run is ended by the test. */
function scripted(starts: readonly ('up' | Error)[]) {
  const ends: ((how: string) => void)[] = [];
  let started = 0;
  let stopped = 0;
  const component: Component = {
    name: 'scripted',
    start: async () => {
      const step = starts[started] ?? 'up';
      started += 1;
      if (step !== 'up') throw step;
      let end: (how: string) => void = () => undefined;
      const ended = new Promise<string>((resolve) => {
        end = resolve;
      });
      ends.push(end);
      const running: Running = {
        pid: started,
        where: 'here',
        ended,
        stop: async () => {
          stopped += 1;
          end('SIGTERM');
        },
        kill: () => end('SIGKILL'),
      };
      return running;
    },
  };
  return { component, ends, started: () => started, stopped: () => stopped };
}

function journal() {
  const lines: string[] = [];
  return {
    lines,
    onUp: (running: Running, restarted: boolean) => void lines.push(`${restarted ? 'up again' : 'up'} ${running.pid}`),
    onDown: (sentence: string) => void lines.push(sentence),
  };
}

describe('a supervised component', () => {
  const { signal } = new AbortController();

  it('is started again, later each time, and names how it ended', async () => {
    const { component, ends } = scripted(['up', new StartError('The port is taken.'), 'up']);
    const said = journal();
    const supervised = await supervise(component, said, signal);
    ends[0]?.('SIGKILL');
    await eventually('its return', 10_000, () => said.lines.at(-1)?.startsWith('up again'));
    expect(said.lines).toEqual([
      'up 1',
      'it ended (SIGKILL): starting it again in 0.5 s.',
      'The port is taken. Trying again in 1 s.',
      'up again 3',
    ]);
    await supervised.stop();
  });

  it('is not started again after it was stopped, not even out of a pause', async () => {
    const { component, ends, started } = scripted(['up']);
    const said = journal();
    const supervised = await supervise(component, said, signal);
    ends[0]?.('exit code 1');
    await eventually('the pause', 1_000, () => said.lines.length === 2);
    await supervised.stop();
    expect(started()).toBe(1);
    expect(supervised.current()).toBeUndefined();
  });

  it('is stopped once, and that is no fault', async () => {
    const { component, stopped } = scripted(['up']);
    const said = journal();
    const supervised = await supervise(component, said, signal);
    await supervised.stop();
    expect(said.lines).toEqual(['up 1']);
    expect(stopped()).toBe(1);
  });

  it('is not supervised at all if it does not come up the first time', async () => {
    const { component, started } = scripted([new StartError('There is no database.')]);
    await expect(supervise(component, journal(), signal)).rejects.toThrow('There is no database.');
    expect(started()).toBe(1);
  });
});
