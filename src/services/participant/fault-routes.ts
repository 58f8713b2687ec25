import type { Router } from 'express';
import { fault, MAX_ARMED, OPERATIONS, type Faults } from './faults.js';
import { jsonBody, onlyMethods } from './http.js';
import { invalid, validate } from './validate.js';

/** `undoable`: the service knows DELETE. */
export function mountFaults(router: Router, faults: Faults, undoable: boolean): void {
  router
    .route('/api/test/fail-next-request')
    .post(jsonBody, (request, response) => {
      // A request without a body arms the default, so that a bare `curl -X POST` is enough.
      const armed = validate(fault, request.body ?? {});
      if (armed.operation === 'DELETE' && !undoable) {
        throw invalid({
          field: 'operation',
          message: `must be one of ${OPERATIONS.filter((o) => o !== 'DELETE').join(', ')}`,
        });
      }
      if (faults.list().length >= MAX_ARMED)
        throw invalid({ field: 'body', message: `${MAX_ARMED} faults are armed already` });
      faults.arm(armed);
      request.log.info({ fault: armed }, 'fault armed');
      response.json(armed);
    })
    .all(onlyMethods('POST'));
  router
    .route('/api/test/faults')
    .get((_request, response) => {
      response.json({ items: faults.list() });
    })
    .delete((_request, response) => {
      response.json({ cleared: faults.clear() });
    })
    .all(onlyMethods('GET', 'DELETE'));
}
