// A dev server that suggests a continue-as-new early: what makes the product continue as new, apart from a test's limit.
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { BRIEF, compensatable, refusalOf, theatre } from './stage.js';

const play = theatre(() => createDevServer(['limit.historyCount.suggestContinueAsNew=40']));

it(
  "a saga that is steered for long is continued as new on the server's own suggestion (rule 16, S2)",
  play(async ({ start, resolve, recordOf, latest, outcomeOf, participant }) => {
    participant.behave('act', 'b', 'refuse');
    participant.behave('undo', 'a', 'refuse');
    const saga = await start(compensatable('a', 'b'), BRIEF);
    const retry = () =>
      eventually('a decision', 20_000, async () => (await refusalOf(resolve(saga, 'a', 'retry'))) === 'accepted');
    const blocks = (times: number) =>
      eventually(`block ${times}`, 20_000, async () => {
        const calls = participant.calls.filter((call) => call === 'undo a').length;
        return calls === times && (await recordOf(saga)).blockedOn === 'a';
      });
    // Some ten events for each: far beyond what the server suggests.
    for (let times = 1; times <= 6; times++) {
      await blocks(times);
      await retry();
    }
    await blocks(7);
    const { raw, runId } = await latest(saga).describe();
    expect(runId).not.toBe(raw.workflowExecutionInfo?.firstRunId);
    participant.behave('undo', 'a', 'ok');
    await retry();
    expect(await outcomeOf(saga)).toMatchObject({ state: 'FAILED', reason: 'Refused' });
    expect(participant.effects()).toEqual([]);
  }),
);
