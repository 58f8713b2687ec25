/** Carries the journal of each trip in the headers of its activities, and notices resets. */
export { sagaInterceptors as interceptors } from 'unwind/saga';
