import { keepSession, type KeptSession, type Session } from '../../src/platform/keep-session.js';
import { eventually } from '../support/eventually.js';

const MENDED = new Error('another session will do');

type End = 'stop' | Error | undefined;

/** Runs sessions that end as they are told, one after the other. */
function scripted(ends: readonly End[], pause = { first: 1, longest: 4 }) {
  const changes: string[] = [];
  const failures: unknown[] = [];
  let sessions = 0;
  const kept: KeptSession<'waiting' | 'working'> = keepSession<'waiting' | 'working'>(
    {
      pause,
      working: 'working',
      onChange: (state, reason) => changes.push(reason === undefined ? state : `${state}: ${reason}`),
      onFailure: (error) => failures.push(error),
      isMended: (error) => error === MENDED,
    },
    async ({ stopping, change }: Session<'waiting' | 'working'>) => {
      const end = ends[sessions];
      sessions += 1;
      if (end instanceof Error) throw end;
      change('working');
      if (end === 'stop') await new Promise((resolve) => stopping.addEventListener('abort', resolve, { once: true }));
    },
  );
  return { kept, changes, failures, sessions: () => sessions };
}

describe('a session that is kept', () => {
  test('begins again after each failure, and tells of an outage once', async () => {
    const { kept, changes, failures } = scripted([new Error('refused'), new Error('refused again'), 'stop']);
    await eventually('the session works', 5_000, () => kept.state() === 'working');
    expect(changes).toEqual(['away: refused', 'working']);
    expect(failures).toHaveLength(2);
    await kept.stop();
  });

  test('has begun when it works, or when it is known that it cannot', async () => {
    const working = scripted(['stop']);
    await expect(working.kept.begun).resolves.toBe('working');
    const away = scripted([new Error('gone'), 'stop'], { first: 60_000, longest: 60_000 });
    expect(away.kept.state()).toBeUndefined();
    await expect(away.kept.begun).resolves.toBe('away');
    await Promise.all([working.kept.stop(), away.kept.stop()]);
  });

  test('is not away over a failure that the next session mends, which begins without a pause', async () => {
    const { kept, changes, failures } = scripted([MENDED, 'stop'], { first: 60_000, longest: 60_000 });
    await eventually('the session works', 5_000, () => kept.state() === 'working');
    expect([changes, failures]).toEqual([['working'], []]);
    await kept.stop();
  });

  test('goes on after a session that has simply ended', async () => {
    const { kept, sessions, changes } = scripted([undefined, undefined, 'stop']);
    await eventually('the third session', 5_000, () => sessions() === 3);
    expect(changes).toEqual(['working']);
    await kept.stop();
  });

  test('waits for the session under way when it is stopped, and begins no other', async () => {
    const { kept, sessions } = scripted(['stop']);
    await kept.begun;
    await kept.stop();
    expect(sessions()).toBe(1);
  });

  test('is stopped in a pause, however long that is', async () => {
    const { kept } = scripted([new Error('gone')], { first: 3_600_000, longest: 3_600_000 });
    await kept.begun;
    await kept.stop();
    expect(kept.state()).toBe('away');
  });
});
