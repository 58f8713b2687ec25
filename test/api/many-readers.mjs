// Readers of many event streams, in a process of their own, so that their memory is not the API's:
// node many-readers.mjs URL KEYS SAGAS, then a command on each line of the standard input, each answered by a line of JSON.
import { request } from 'node:http';
import { createInterface } from 'node:readline';

const [url = '', keys = '', sagas = ''] = process.argv.slice(2);
const callers = keys.split(',');
const sagaIds = sagas.split(',');
const answers = [];
let events = 0;

const open = (index) =>
  new Promise((resolve, reject) => {
    const headers = { 'x-api-key': callers[index % callers.length] };
    const path = `/api/sagas/${sagaIds[index % sagaIds.length]}/stream`;
    request(`${url}${path}`, { headers, agent: false }, (answer) => {
      if (answer.statusCode !== 200) {
        reject(new Error(`stream ${index}: ${answer.statusCode}`));
        return;
      }
      answers.push(answer);
      answer.setEncoding('utf8').on('data', (chunk) => (events += chunk.split('\nevent: ').length - 1));
      answer.on('error', () => undefined);
      resolve();
    })
      .once('error', reject)
      .end();
  });

/** The middle of so many reads, one after the other, in milliseconds. */
async function reads(count) {
  const times = [];
  for (let number = 0; number < count; number++) {
    const begin = performance.now();
    const answer = await fetch(`${url}/api/orders?limit=1`, { headers: { 'x-api-key': callers[0] } });
    if (answer.status !== 200) throw new Error(`read: ${answer.status}`);
    await answer.text();
    times.push(performance.now() - begin);
  }
  times.sort((a, b) => a - b);
  return times[Math.floor(count / 2)];
}

const COMMANDS = {
  async open(count) {
    while (answers.length < count) {
      const next = Math.min(100, count - answers.length);
      await Promise.all(Array.from({ length: next }, (_, index) => open(answers.length + index)));
    }
    return answers.length;
  },
  reads,
  events: async () => events,
  close: async () => answers.splice(0).forEach((answer) => answer.destroy()),
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name, count] = line.split(' ');
  const result = await COMMANDS[name](Number(count));
  process.stdout.write(`${JSON.stringify({ result: result ?? null })}\n`);
}
