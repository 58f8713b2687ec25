/** The relay's metrics, for Prometheus. */
import type { RequestListener } from 'node:http';

/** @param measures the lines of each part of the process; one after another under `/metrics` */
export function metricsApp(...measures: readonly (() => Promise<string[]>)[]): RequestListener {
  return (req, res) => {
    if (req.url !== '/metrics') {
      res.writeHead(404).end();
      return;
    }
    Promise.all(measures.map((measure) => measure())).then(
      (parts) =>
        res
          .writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
          .end([...parts.flat(), ''].join('\n')),
      () => res.writeHead(500).end(),
    );
  };
}
