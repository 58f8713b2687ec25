/** The products: their prices and their stock. */
import type { Router } from 'express';
import { z } from 'zod';
import type { Database } from '../participant/database.js';
import type { RouteDeps } from '../participant/effect-routes.js';
import { text } from '../participant/fields.js';
import { onlyMethods } from '../participant/http.js';
import type { Documented } from '../participant/openapi.js';
import { pageOf, pageQuery, pageRequest } from '../participant/paging.js';
import { ProblemError } from '../participant/problem.js';
import { validate } from '../participant/validate.js';

const params = z.strictObject({ productId: text(100) });
const query = z.strictObject(pageQuery);

const product = z.object({
  productId: z.string(),
  name: z.string(),
  price: z.object({ amount: z.int(), currency: z.string() }),
  available: z.int(),
  reserved: z.int(),
});

type Product = z.infer<typeof product>;

const PRODUCT = `id AS "productId", name, jsonb_build_object('amount', price, 'currency', currency) AS price, available, reserved`;

export const documentedCatalogue: readonly Documented[] = [
  {
    path: '/api/products/{productId}',
    summary: 'One product',
    params: z.object({ productId: z.string() }),
    answer: product,
    problems: ['UnknownProduct'],
  },
  {
    path: '/api/products',
    summary: 'All products, in pages',
    query: z.object({ cursor: z.string().optional(), limit: z.string().optional() }),
    answer: z.object({ items: z.array(product), nextCursor: z.string().nullable() }),
    problems: ['ValidationFailed'],
  },
];

export function mountCatalogue(router: Router, { database, work }: RouteDeps): void {
  router
    .route('/api/products/:productId')
    .get(async (request, response) => {
      const { productId } = validate(params, request.params);
      const [found] = await work.run(() =>
        database.query<Product>(`SELECT ${PRODUCT} FROM products WHERE id = $1`, [productId]),
      );
      if (found === undefined)
        throw new ProblemError('UnknownProduct', 'No such product in the catalogue.', { status: 404 });
      response.json(found);
    })
    .all(onlyMethods('GET'));
  router
    .route('/api/products')
    .get(async (request, response) => {
      const { after, limit } = pageRequest(validate(query, request.query));
      const rows = await work.run(() =>
        database.query<Product>(`SELECT ${PRODUCT} FROM products WHERE id > $1 ORDER BY id LIMIT $2`, [
          after,
          limit + 1,
        ]),
      );
      response.json(pageOf(rows, limit, ({ productId }) => productId));
    })
    .all(onlyMethods('GET'));
}

/**
 * A product for every story: plenty, few, the last one, and one in another currency. Products that exist already stay
 * as they are.
 */
export async function loadDemoCatalogue(database: Database): Promise<void> {
  await database.query(
    `INSERT INTO products (id, name, price, currency, stocked, available)
     SELECT id, name, price, currency, stocked, stocked
     FROM (VALUES
       ('123', 'Notebook, dotted', 2100, 'EUR', 1000000),
       ('456', 'Fountain pen ink, few left', 450, 'EUR', 5),
       ('789', 'Letterpress print, the last one', 9900, 'EUR', 1),
       ('usd-1', 'Yellow legal pad', 1500, 'USD', 1000)
     ) AS demo (id, name, price, currency, stocked)
     ON CONFLICT (id) DO NOTHING`,
  );
}
