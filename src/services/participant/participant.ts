import type { z } from 'zod';
import type { Sql } from './database.js';
import type { Refusal } from './ledger.js';
import type { FieldError, ProblemCode } from './problem.js';

/** The part of a participant that one service adds to the ledger: its fields, its rules, its words. */
export interface Participant<Request extends { readonly orderId: string }> {
  /** The name of the service and of its PostgreSQL schema. */
  readonly name: string;
  /** The resource on the wire: `/api/<collection>/{id}`. */
  readonly collection: string;
  /** The tables of its effects. They show themselves to the ledger as the view `effect_details (id, detail jsonb)`. */
  readonly schemaFile: URL;
  /** Later migrations, in order; files are only ever added. */
  readonly laterFiles?: readonly URL[];
  readonly request: z.ZodType<Request>;
  /** The fields that the view puts beside id, status, effect and orderId; for the OpenAPI document. */
  readonly detail: z.ZodRawShape;
  /** The definitive refusals of a PUT; an injected `refuse` uses the first. */
  readonly refusals: readonly [ProblemCode, ...ProblemCode[]];
  /** The business fields that make two requests equal. */
  readonly fingerprint: (request: Request) => readonly unknown[];
  /** Checks an id that is bound to its meaning; returns the field that contradicts it. */
  readonly checkId?: (id: string, request: Request) => FieldError | undefined;
  /** See `Judgement`: judges, then writes. */
  readonly apply: (sql: Sql, id: string, request: Request) => Promise<Refusal | undefined>;
  /** Absent if an effect cannot be taken back; the service then has no DELETE. */
  readonly undo?: Undo;
}

interface Undo {
  /** The refusal of a DELETE. */
  readonly refusal: ProblemCode;
  readonly run: (sql: Sql, id: string) => Promise<Refusal | undefined>;
}
