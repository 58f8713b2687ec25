/** `npm start`, or one server alone: `start temporal`, `start postgres`. */
import { startSupervised } from '../local/supervisor/start.js';

await startSupervised(process.argv[2]);
