/** Carries the journal of each saga in the headers of its activities, and notices resets. */
export { sagaInterceptors as interceptors } from '../saga/saga.js';
