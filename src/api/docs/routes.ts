import express, { type Router } from 'express';
import { docsPage } from './page.js';
import { openApiDocument } from './openapi.js';
import { onlyMethods } from '../http/problem-document.js';
import { problemList, problemPage } from './problem-page.js';
import { Problem } from '../../problems.js';

/** The OpenAPI document and the page that shows it; the page needs no script and no other host. */
export function docsRoutes(): Router {
  const document = openApiDocument();
  const page = docsPage(document);
  const router = express.Router();
  router
    .route('/openapi.json')
    .get((_req, res) => void res.json(document))
    .all(onlyMethods('GET'));
  router
    .route('/docs')
    .get((_req, res) => void res.type('html').send(page))
    .all(onlyMethods('GET'));
  router
    .route('/problems')
    .get((_req, res) => void res.type('html').send(problemList()))
    .all(onlyMethods('GET'));
  router
    .route('/problems/:code')
    .get((req, res) => {
      const found = problemPage(req.params.code);
      if (found === undefined) throw new Problem('RouteNotFound');
      res.type('html').send(found);
    })
    .all(onlyMethods('GET'));
  return router;
}
