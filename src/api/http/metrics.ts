/** `/metrics` of the API, in Prometheus' text format. */
import type { RequestHandler } from 'express';
import type { ApiDeps } from '../deps.js';

export const metrics =
  ({ clock }: ApiDeps): RequestHandler =>
  (_req, res) => {
    const difference = clock.difference();
    const name = 'unwind_api_clock_difference_seconds';
    const lines = [
      `# HELP ${name} Temporal's time minus this process's; absent while it is not known`,
      `# TYPE ${name} gauge`,
      ...(difference === undefined ? [] : [`${name} ${difference / 1_000}`]),
    ];
    res.type('text/plain; version=0.0.4').send(`${lines.join('\n')}\n`);
  };
