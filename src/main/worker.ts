/** The worker process. */
import { runProcess } from '../config/run-process.js';
import { startWorker } from '../worker/start.js';

await runProcess('worker', 'worker', startWorker);
