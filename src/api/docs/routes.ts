import express, { type RequestHandler, type Router } from 'express';
import { Problem } from '../../problems.js';
import { onlyMethods } from '../http/problem-document.js';
import { openApiDocument } from './openapi.js';
import { problemList, problemPage } from './problem-page.js';
import { DOCS_PAGE, docsPolicy, INIT_SCRIPT, UI_FILES, uiFile } from './swagger-ui.js';

/** The OpenAPI document, the page that shows it, and a page for each problem. */
export function docsRoutes(): Router {
  const document = openApiDocument();
  const router = express.Router();
  const get = (path: string, ...handlers: RequestHandler[]): void => {
    router
      .route(path)
      .get(...handlers)
      .all(onlyMethods('GET'));
  };
  get('/openapi.json', (_req, res) => void res.json(document));
  get('/docs', docsPolicy, (_req, res) => void res.type('html').send(DOCS_PAGE));
  get('/docs/init.js', (_req, res) => void res.type('js').send(INIT_SCRIPT));
  for (const name of UI_FILES) get(`/docs/${name}`, (_req, res) => res.sendFile(uiFile(name)));
  get('/problems', (_req, res) => void res.type('html').send(problemList()));
  get('/problems/:code', (req, res) => {
    const found = problemPage(String(req.params['code']));
    if (found === undefined) throw new Problem('RouteNotFound');
    res.type('html').send(found);
  });
  return router;
}
