import type { KnownSaga, Verdict } from '../../src/oracle/books.js';
import { auditBooks, type VerdictSource } from '../../src/oracle/audit.js';
import { BooksUnreadableError } from '../../src/oracle/get-json.js';
import { booksOf, notice, payment, reservation, rightBooks, shipment, verdict } from './right-books.js';
import { openSmallShop, type SmallShop } from './small-shop.js';

let shop: SmallShop;

beforeEach(async () => {
  shop = await openSmallShop();
});

afterEach(() => shop.close());

/** Verdicts that a test may change while they are being read. */
function verdictsOf(verdicts: KnownSaga[]): VerdictSource & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    all: () => Promise.resolve([...verdicts]),
    of: (sagaId) => {
      asked.push(sagaId);
      return Promise.resolve(verdicts.find((one) => one.sagaId === sagaId));
    },
  };
}

function stock(verdicts: readonly Verdict[]): void {
  const effects = verdicts.flatMap((one) => rightBooks(one).effects);
  Object.assign(shop, { effects, products: booksOf([], effects).products });
}

const audit = (source: VerdictSource) => auditBooks(shop.urls, source, { pauseMs: 1 });

const sevenSagas = (): Verdict[] => [
  ...['order-1', 'order-2', 'order-3', 'order-4'].map((id) => verdict(id, 'COMPLETED')),
  verdict('order-5', 'FAILED'),
  verdict('order-6', 'CANCELLED'),
  verdict('order-7', 'PENDING'),
];

describe('on a system at rest', () => {
  it('rule 34: all pages of all services are read, and one look is enough for right books', async () => {
    const source = verdictsOf(sevenSagas());
    stock(sevenSagas());
    const { differences, effects, verdicts } = await audit(source);
    expect(differences).toEqual([]);
    expect(effects).toHaveLength(4 * 5 + 2);
    expect(verdicts).toHaveLength(7);
    expect(source.asked).toEqual([]);
  });

  it('rule 34: what a saga of another type has done is compared with nothing, and it is counted', async () => {
    stock(sevenSagas());
    const effects = [...shop.effects, payment('trip-1', 5), reservation('trip-1', 1)];
    Object.assign(shop, { effects, products: booksOf([], effects).products });
    const trip = { sagaId: 'trip-1', otherType: 'TripBooking' };
    // Known from the start, or only when its effect is asked about: an index may lag.
    for (const late of [false, true]) {
      const source = verdictsOf([...sevenSagas(), trip]);
      const all = () => Promise.resolve(late ? sevenSagas() : [...sevenSagas(), trip]);
      const { differences, effects: compared, verdicts, others } = await audit({ ...source, all });
      expect(differences).toEqual([]);
      expect([compared.length, verdicts.length, others]).toEqual([4 * 5 + 2, 7, [trip]]);
    }
    const { differences } = await audit(verdictsOf(sevenSagas()));
    expect(new Set(differences.map(({ kind }) => kind))).toEqual(new Set(['orphan', 'money']));
  });

  it('rule 34: a difference that lasts is reported, after looking again', async () => {
    stock(sevenSagas());
    shop.effects = shop.effects.filter(({ id }) => id !== 'order-3-confirmation');
    const source = verdictsOf(sevenSagas());
    const { differences } = await audit(source);
    expect(differences.map(({ kind, sagaId }) => `${kind} ${sagaId ?? '-'}`)).toEqual(['missing-notice order-3']);
    expect(source.asked).toEqual(['order-3', 'order-3', 'order-3']);
  });

  it('rule 34: stock that is off stays off', async () => {
    stock(sevenSagas());
    shop.products = [{ productId: '123', available: 1, reserved: 9 }];
    const { differences } = await audit(verdictsOf(sevenSagas()));
    expect(differences.map(({ sentence }) => sentence)).toEqual([
      'Product 123 says 9 reserved, but live reservations hold 10.',
    ]);
  });

  it('rule 34: money that was not given back in full is found, even if the payment denies it', async () => {
    const refundedInPart = { ...payment('order-5'), refunded: 4_199 };
    stock(sevenSagas());
    shop.effects = [...shop.effects, refundedInPart];
    const { differences } = await audit(verdictsOf(sevenSagas()));
    expect(differences.map(({ kind, sagaId }) => `${kind} ${sagaId ?? '-'}`)).toEqual(['leftover order-5', 'money -']);
    shop.effects = [...shop.effects.filter((one) => one !== refundedInPart), { ...refundedInPart, refunded: 4_200 }];
    expect((await audit(verdictsOf(sevenSagas()))).differences).toEqual([]);
  });

  it('rule 4: waivers are reported and are no differences', async () => {
    const waiver = { step: 'create_shipment', actor: 'ann', reason: 'the parcel has left' };
    const effects = [shipment('order-1'), notice('order-1', 'cancellation')];
    Object.assign(shop, booksOf([], effects));
    const { differences, waivers } = await audit(verdictsOf([verdict('order-1', 'FAILED', { waivers: [waiver] })]));
    expect(differences).toEqual([]);
    expect(waivers).toEqual([{ sagaId: 'order-1', ...waiver }]);
  });
});

describe('under traffic', () => {
  it('an order that is undone between the two readings is no leftover', async () => {
    Object.assign(shop, booksOf([], [reservation('order-1'), payment('order-1')]));
    const verdicts = [verdict('order-1', 'FAILED')];
    const source = verdictsOf(verdicts);
    const reading = audit({
      ...source,
      all: async () => {
        Object.assign(shop, booksOf([], [notice('order-1', 'cancellation')]));
        return await source.all();
      },
    });
    expect((await reading).differences).toEqual([]);
  });

  it('an order that is completed between the two readings misses nothing', async () => {
    Object.assign(shop, booksOf([], [reservation('order-1')]));
    const source = verdictsOf([verdict('order-1', 'COMPLETED')]);
    const reading = audit({
      ...source,
      all: async () => {
        Object.assign(shop, rightBooks(verdict('order-1', 'COMPLETED')));
        return await source.all();
      },
    });
    expect((await reading).differences).toEqual([]);
  });

  it('an owner that an index does not show yet is asked for by id', async () => {
    Object.assign(shop, booksOf([], [reservation('order-1'), payment('order-1')]));
    const source = verdictsOf([verdict('order-1', 'PENDING')]);
    const { differences } = await audit({ ...source, all: () => Promise.resolve([]) });
    expect(differences).toEqual([]);
  });

  it('a saga that moves between its verdict and its effects is looked at once more', async () => {
    Object.assign(shop, booksOf([], [notice('order-1', 'cancellation')]));
    const states: Verdict['state'][] = ['PENDING', 'COMPENSATING'];
    const source: VerdictSource = {
      all: () => Promise.resolve([verdict('order-1', 'PENDING')]),
      of: () => Promise.resolve(verdict('order-1', states.shift() ?? 'FAILED')),
    };
    expect((await audit(source)).differences).toEqual([]);
  });

  it('stock that orders take and give back while it is read is no difference, on any look', async () => {
    let orders = 0;
    shop.onRequest = (path) => {
      if (path !== '/api/reservations') return;
      orders += 1;
      Object.assign(shop, booksOf([], [reservation(`order-${orders}`, orders)]));
    };
    const source: VerdictSource = {
      all: () => Promise.resolve([]),
      of: (sagaId) => Promise.resolve(verdict(sagaId, 'PENDING')),
    };
    expect((await audit(source)).differences).toEqual([]);
  });
});

describe('books that cannot be read', () => {
  it('says which service does not answer', async () => {
    const urls = { ...shop.urls, payment: 'http://127.0.0.1:1' };
    const reading = auditBooks(urls, verdictsOf([]));
    await expect(reading).rejects.toBeInstanceOf(BooksUnreadableError);
    await expect(reading).rejects.toThrow(
      /^No answer from http:\/\/127.0.0.1:1\/api\/payments.*; is the system running\?$/,
    );
  });

  it('says which service answers something else', async () => {
    const elsewhere = { ...shop.urls, payment: `${shop.urls.payment}/elsewhere` };
    await expect(auditBooks(elsewhere, verdictsOf([]))).rejects.toThrow(/elsewhere.* answered 404 instead of 200/);
    const reservations: object[] = [{ ...reservation('order-1'), items: 'two of 123' }];
    Object.assign(shop, { effects: reservations });
    await expect(auditBooks(shop.urls, verdictsOf([]))).rejects.toThrow(
      /api\/reservations.* answered something else than expected \(at "items.0.items"/,
    );
  });
});
