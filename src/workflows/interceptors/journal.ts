/** Carries the journal of each saga in the headers of its activities. */
export { sagaInterceptors as interceptors } from '../../saga/saga.js';
