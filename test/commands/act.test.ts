import { actOnCommands, type Acting, type Attempt } from '../../src/commands/act.js';
import type { Command } from '../../src/commands/command.js';
import { countCommands } from '../../src/commands/metrics.js';
import { openParkedCommands, type ParkedVerb } from '../../src/commands/parked.js';
import { openQueues } from '../../src/commands/queues.js';
import { eventually } from '../support/eventually.js';
import { cancelOrder, commandTables, received, startOrder, type CommandTables } from './queued.js';
import { Problem } from '../../src/problems.js';

const WITHIN = 20_000;

let tables: CommandTables;
let acting: Acting | undefined;
let obeyed: string[];
let attempts: { queue: string; attempt: Attempt; reason: string | undefined }[];
let troubles: unknown[];
/** What is away; and what acting on a command does. */
let away: string | undefined;
let obeying: (command: Command, id: string) => Promise<void>;

beforeAll(async () => {
  tables = await commandTables();
});
afterAll(() => tables.close());

beforeEach(async () => {
  for (const table of ['queued_commands', 'command_queues', 'saga_commands', 'dead_letters']) {
    await tables.rows(`DELETE FROM @.${table}`);
  }
  obeyed = [];
  attempts = [];
  troubles = [];
  away = undefined;
  obeying = () => Promise.resolve();
});
afterEach(async () => {
  await acting?.stop();
  expect(troubles).toEqual([]);
});

function act(budgetMs = 600_000): void {
  acting = actOnCommands({
    queues: openQueues(tables.pool, tables.schema),
    execute: async (command, { commandId }) => {
      await obeying(command, commandId);
      obeyed.push(`${command.command} ${command.orderId} ${commandId}`);
    },
    outages: {
      any: async () => away,
      behind: async () => (away === undefined ? undefined : { what: away, forAll: true }),
    },
    budgetMs,
    onTrouble: (error) => void troubles.push(error),
    onAttempt: (attempt, { queue }, reason) => void attempts.push({ queue, attempt, reason }),
  });
}

const undecidable = (orderId: string) => async (command: Command) => {
  if (command.orderId === orderId) throw new Problem('NotDecided');
};
const hasObeyed = (count: number): Promise<true> =>
  eventually(`${count} commands to be acted on`, WITHIN, () => obeyed.length >= count);
const rests = (count = 1): Promise<true> =>
  eventually(
    'the command to rest',
    WITHIN,
    async () => (await countCommands(tables.pool, tables.schema)).resting === count,
  );
const parkedCommands = () => openParkedCommands(tables.pool, tables.schema);
const decide = (queue: string, verb: ParkedVerb) =>
  parkedCommands().decide(queue, { verb, by: 'ada', reason: 'repaired' });
const outcomes = () => tables.rows('SELECT id, outcome FROM @.saga_commands ORDER BY id');

describe('commands that are acted on', () => {
  it('go on although one saga can never be decided, for any reason (K1, rule 41)', async () => {
    let release = (): void => undefined;
    obeying = async ({ orderId }) => {
      if (orderId === 'stuck') throw new Problem('NotDecided');
      if (orderId === 'odd') throw new TypeError('a mistake of ours');
      if (orderId === 'slow') await new Promise<void>((resolve) => (release = resolve));
    };
    const others = Array.from({ length: 200 }, (_, index) => received(startOrder(`good-${index}`)));
    await tables.takeIn([...['stuck', 'odd', 'slow'].map((id) => received(cancelOrder(id))), ...others]);
    act();
    await hasObeyed(200);
    expect(obeyed.every((line) => line.startsWith('StartOrder good-'))).toBe(true);
    await eventually('both to be parked', WITHIN, () =>
      ['order-stuck', 'order-odd'].every((saga) =>
        attempts.some(({ queue, attempt }) => queue === saga && attempt === 'parked'),
      ),
    );
    expect(attempts.find(({ queue }) => queue === 'order-odd')?.reason).toBe('InternalError: TypeError');
    const parked = await parkedCommands().list({ limit: 10 });
    expect(new Set(parked.map(({ queue }) => queue))).toEqual(new Set(['order-stuck', 'order-odd']));
    release();
  });

  it('of one saga keep their order behind the one that is parked (rule 41)', async () => {
    let repaired = false;
    obeying = async ({ command }) => {
      if (command === 'CancelOrder' && !repaired) throw new Problem('NotDecided');
    };
    await tables.takeIn(['1', '2', '3'].map((id) => received(cancelOrder('a', { commandId: id }))));
    await tables.takeIn([received(startOrder('a', { commandId: '4' })), received(startOrder('b', { commandId: '5' }))]);
    act();
    await hasObeyed(1);
    expect(obeyed).toEqual(['StartOrder b 5']);
    repaired = true;
    await hasObeyed(5);
    expect(obeyed.slice(1).map((line) => line.at(-1))).toEqual(['1', '2', '3', '4']);
    await acting?.stop();
    expect(await tables.rows('SELECT FROM @.command_queues UNION ALL SELECT FROM @.queued_commands')).toEqual([]);
  });

  it('rest when the budget is spent, as a dead letter, until an operator releases them (rule 42)', async () => {
    obeying = undecidable('a');
    await tables.takeIn(['1', '2'].map((id) => received(cancelOrder('a', { commandId: id }))));
    act(2_000);
    await rests();
    expect(attempts.at(-1)).toMatchObject({
      attempt: 'rests',
      reason: expect.stringContaining('NotDecided') as string,
    });
    const letters = () =>
      tables.rows(
        `SELECT event_id, saga_id, resolution, resolved_by, resolved_reason FROM @.dead_letters WHERE kind = 'parkedCommand'`,
      );
    expect(await letters()).toMatchObject([{ event_id: '1', saga_id: 'order-a', resolution: null }]);
    expect(await parkedCommands().list({ limit: 10 })).toMatchObject([
      { queue: 'order-a', id: '1', rests: true, behind: 1 },
    ]);
    obeying = () => Promise.resolve();
    expect(await decide('order-a', 'release')).toEqual({ commands: 1 });
    await hasObeyed(2);
    expect(await letters()).toMatchObject([
      { resolution: 'released', resolved_by: 'ada', resolved_reason: 'repaired' },
    ]);
    await acting?.stop();
    expect(await outcomes()).toEqual([
      { id: '1', outcome: 'accepted' },
      { id: '2', outcome: 'accepted' },
    ]);
  });

  it.each([
    ['skip', 'Skipped', ['2', '3']],
    ['drop', 'Dropped', []],
  ] as const)(
    'are left out by %s, their senders hear of it, and the queue goes on (rule 42)',
    async (verb, code, acted) => {
      obeying = async (_, id) => {
        if (id === '1') throw new Problem('NotDecided');
      };
      await tables.takeIn(['1', '2', '3'].map((id) => received(cancelOrder('a', { commandId: id }))));
      act(1_000);
      await rests();
      await decide('order-a', verb);
      await tables.takeIn([received(startOrder('a', { commandId: '4' }))]);
      await hasObeyed(acted.length + 1);
      expect(obeyed.map((line) => line.at(-1))).toEqual([...acted, '4']);
      await acting?.stop();
      const refused = await tables.rows('SELECT id, code, detail FROM @.queued_commands ORDER BY id');
      expect(refused.map(({ id }) => id)).toEqual(['1', '2', '3'].filter((id) => !acted.some((each) => each === id)));
      expect(refused[0]).toMatchObject({ code, detail: expect.stringMatching(/by ada: repaired/) as string });
      expect(await decide('order-a', verb)).toBe('notParked');
    },
  );

  it('are refused for good if the saga says so, and the next one goes on', async () => {
    obeying = async (_, id) => {
      if (id === '1') throw new Problem('AlreadyFulfilled');
    };
    await tables.takeIn(['1', '2'].map((id) => received(cancelOrder('a', { commandId: id }))));
    act();
    await hasObeyed(1);
    await acting?.stop();
    expect(await tables.rows('SELECT id, code FROM @.queued_commands')).toEqual([
      { id: '1', code: 'AlreadyFulfilled' },
    ]);
    expect(await outcomes()).toEqual([
      { id: '1', outcome: 'refused' },
      { id: '2', outcome: 'accepted' },
    ]);
  });

  it('wait in an outage, which costs no command its budget and parks none', async () => {
    away = 'Temporal is away';
    obeying = () => Promise.reject(new Problem('TemporalUnavailable'));
    await tables.takeIn(Array.from({ length: 30 }, (_, index) => received(startOrder(`o-${index}`))));
    act(1);
    await eventually('a try', WITHIN, () => attempts.length > 0);
    expect(
      (await tables.rows('SELECT max(spent_ms) AS most, count(parked_at) AS parked FROM @.command_queues'))[0],
    ).toEqual({ most: '0', parked: '0' });
    away = undefined;
    obeying = () => Promise.resolve();
    await hasObeyed(30);
    expect(attempts.some(({ attempt }) => attempt === 'rests' || attempt === 'parked')).toBe(false);
  });

  it('that ended their process are tried alone, and then rest (attempts started and finished, rule 41)', async () => {
    await tables.takeIn([
      received(cancelOrder('killer')),
      received(cancelOrder('beside')),
      received(startOrder('good')),
    ]);
    // Three processes died while they tried the first, and two of them while they tried the second as well.
    await tables.rows(`UPDATE @.command_queues SET attempts = 3, unfinished = 3 WHERE queue = 'order-killer'`);
    await tables.rows(`UPDATE @.command_queues SET attempts = 2, unfinished = 2 WHERE queue = 'order-beside'`);
    act();
    await hasObeyed(2);
    expect(obeyed.map((line) => line.split(' ')[1])).toEqual(['good', 'beside']);
    await rests();
    expect(await parkedCommands().list({ limit: 10 })).toMatchObject([
      { queue: 'order-killer', reason: expect.stringContaining('ProcessDied') as string },
    ]);
  });

  it('are tried again when the process that tried them is gone', async () => {
    await tables.takeIn([received(startOrder('left'))]);
    const [claimed] = await openQueues(tables.pool, tables.schema).claim('fresh', 5);
    expect(claimed).toMatchObject({ queue: 'order-left', attempts: 1 });
    await tables.rows(`UPDATE @.command_queues SET claimed_until = now() - interval '1 second'`);
    act();
    await hasObeyed(1);
  });

  it('are held for seconds only by a process that no longer says it lives (K1)', async () => {
    await tables.takeIn([received(startOrder('left'))]);
    const queues = openQueues(tables.pool, tables.schema);
    const [claimed] = await queues.claim('fresh', 5);
    const heldFor = async (): Promise<number> => {
      const [row] = await tables.rows(
        'SELECT extract(epoch FROM claimed_until - clock_timestamp())::float8 AS seconds FROM @.command_queues',
      );
      return Number(row?.['seconds']);
    };
    expect(await heldFor()).toBeLessThanOrEqual(5);
    if (!claimed) throw new Error('nothing is claimed');
    await tables.rows(`UPDATE @.command_queues SET claimed_until = now() + interval '1 millisecond'`);
    await queues.keep([claimed]);
    expect(await heldFor()).toBeGreaterThan(1);
    // What somebody else has claimed since is not kept, and nothing that has been decided.
    await tables.rows(`UPDATE @.command_queues SET attempts = 2, claimed_until = now()`);
    await queues.keep([claimed]);
    expect(await heldFor()).toBeLessThanOrEqual(0);
    await tables.rows(`UPDATE @.command_queues SET attempts = 1, claimed_until = NULL`);
    await queues.keep([claimed]);
    expect(await tables.rows('SELECT claimed_until FROM @.command_queues')).toEqual([{ claimed_until: null }]);
  });

  it('are kept by a living process however long they wait for their turn, and no other one takes them (K1)', async () => {
    // More starts than are tried at once: the last of them wait in this process.
    const starts = Array.from({ length: 40 }, (_, index) => received(startOrder(`slow-${index}`)));
    let open = (): void => undefined;
    const isOpen = new Promise<void>((resolve) => (open = resolve));
    let begun = 0;
    obeying = () => {
      begun += 1;
      return isOpen;
    };
    await tables.takeIn(starts);
    act();
    const first = acting;
    const claims = (): Promise<Record<string, unknown>[]> =>
      tables.rows(
        'SELECT max(attempts) AS most, min(claimed_until) AS until FROM @.command_queues WHERE claimed_until IS NOT NULL',
      );
    const all = `SELECT count(*)::int AS count FROM @.command_queues WHERE claimed_until > clock_timestamp()`;
    await eventually('all to be claimed', WITHIN, async () => (await tables.rows(all))[0]?.['count'] === starts.length);
    const [{ until: firstUntil } = {}] = await claims();
    act();
    await eventually('the first claims to be over', WITHIN, async () => {
      const [row] = await tables.rows('SELECT clock_timestamp() > $1 AS over', [firstUntil]);
      return row?.['over'] === true;
    });
    expect((await claims())[0]).toMatchObject({ most: 1 });
    expect(begun).toBe(16);
    open();
    await hasObeyed(starts.length);
    await first?.stop();
    await acting?.stop();
    expect(new Set(obeyed).size).toBe(starts.length);
    expect(obeyed).toHaveLength(starts.length);
  });

  it('are acted on once by two processes that share the work', async () => {
    const both = Array.from({ length: 100 }, (_, index) => received(startOrder(`two-${index}`)));
    await tables.takeIn(both);
    act();
    const first = acting;
    act();
    await hasObeyed(100);
    await first?.stop();
    await acting?.stop();
    expect(new Set(obeyed).size).toBe(100);
    expect(obeyed).toHaveLength(100);
  });
});
