/** Carries the journal of each saga in the headers of its activities. */
export { journalInterceptor as interceptors } from '../saga/saga.js';
