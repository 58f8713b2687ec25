// Preloaded into each thread of a worker process (node --import): says what the thread keeps in memory, after a garbage
// collection. The process is asked over IPC with {memory: FOLDER | null}; with a folder each thread writes a snapshot.
import path from 'node:path';
import v8 from 'node:v8';
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads';

const channel = new BroadcastChannel('unwind-memory');
channel.unref();
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel between threads has no origin
const tell = (message) => channel.postMessage(message);

function measureThread(folder) {
  // What a finalizer lets go of is collected by the next run.
  for (let run = 0; run < 3; run += 1) globalThis.gc();
  const { used_heap_size: used, total_physical_size: physical, external_memory: external } = v8.getHeapStatistics();
  if (folder) v8.writeHeapSnapshot(path.join(folder, `thread-${threadId}.heapsnapshot`));
  return { thread: threadId, used, physical, external };
}

if (isMainThread) {
  const threads = new Set();
  let answers = [];
  let before = 0;
  const answerWhenComplete = () => {
    if (answers.length < threads.size + 1) return;
    process.send({ before, rss: process.memoryUsage.rss(), threads: answers });
    answers = [];
  };
  channel.addEventListener('message', ({ data }) => {
    if ('joined' in data) threads.add(data.joined);
    if (!('used' in data)) return;
    answers.push(data);
    answerWhenComplete();
  });
  process.on('message', (message) => {
    if (!('memory' in message)) return;
    before = process.memoryUsage.rss();
    tell({ folder: message.memory });
    answers.push(measureThread(message.memory));
    answerWhenComplete();
  });
} else {
  channel.addEventListener('message', ({ data }) => {
    if ('folder' in data) tell(measureThread(data.folder));
  });
  tell({ joined: threadId });
}
