/** What is no secret and stands in each source: a search that does not find it shows nothing by finding no secret. */
import { leaksIn, type Haystacks } from './haystacks.js';

type Control = readonly [source: RegExp, marker: string];

/** A healthy Temporal logs nothing, and few of the journal's tables know an order. */
const NOTHING_TO_FIND = /^(log temporal\.log|table journal\.)/;

interface Planted {
  /** The correlation id of the orders. */
  readonly correlationId: string;
  readonly orderId: string;
}

const controlsOf = ({ correlationId, orderId }: Planted): readonly Control[] => [
  ...['api', 'worker', 'payment', 'inventory', 'shipping', 'notification'].map((name): Control => [
    new RegExp(`^log ${name}\\.log`),
    correlationId,
  ]),
  [/^log relay\.log/, 'relay is up'],
  [/^log background\.log/, 'background is up'],
  [/^log postgres\.log/, 'ready to accept connections'],
  [/^Temporal$/, correlationId],
  ...['Temporal', 'table journal.saga_events', 'table journal.sagas', 'Redis', 'MongoDB', 'KurrentDB', 'Kafka'].map(
    (name): Control => [new RegExp(`^${name.replace('.', '\\.')}$`), orderId],
  ),
  [/^terminal$/, 'ready'],
  [/^terminal of wrong settings$/, 'SAGA_DEADLINE'],
  [/^metrics of worker$/, 'workflow_type="OrderFulfillment"'],
  [/^metrics of relay$/, 'unwind_sink_up{sink="kafka"'],
  [/^metrics of background$/, 'unwind_watch_last_look_seconds'],
  [/^metrics of api$/, 'unwind_api_clock_difference_seconds'],
];

/** Sentences: each marker that is not found in its source, and each source that has none. */
export function blindSpotsOf(haystacks: Haystacks, planted: Planted): string[] {
  const controls = controlsOf(planted);
  const blind = controls.flatMap(([source, marker]) => {
    const own = new Map([...haystacks].filter(([name]) => source.test(name)));
    return leaksIn(own, new Map([['marker', marker]])).length > 0 ? [] : [`${String(source)} has no ${marker}`];
  });
  const uncontrolled = [...haystacks.keys()].filter(
    (name) => !NOTHING_TO_FIND.test(name) && !controls.some(([source]) => source.test(name)),
  );
  return [...blind, ...uncontrolled.map((name) => `nothing is planted in ${name}`)];
}
