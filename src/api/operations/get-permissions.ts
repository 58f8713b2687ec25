import { z } from 'zod';
import { ROLES, STAFF, type Caller } from '../../caller.js';
import type { OfferedOperation } from '../deps.js';
import { operation } from '../operation.js';

const permission = z
  .object({
    operation: z.string().meta({ example: 'resolveStep' }),
    method: z.string(),
    path: z.string(),
    decides: z.string().nullable().meta({ description: 'The decision that it makes, as the audit names it.' }),
    allowed: z.boolean(),
    limitedTo: z
      .literal('ownOrders')
      .nullable()
      .meta({ description: 'Customers reach their own orders and their sagas; all others are not found for them.' }),
    why: z
      .object({
        code: z.literal('Forbidden').meta({ description: 'With which the operation would answer.' }),
        reason: z.literal('RoleMissing'),
        needs: z.array(z.enum(ROLES)).readonly().meta({ description: 'One of these roles is needed.' }),
      })
      .nullable()
      .meta({ description: 'Why it is not allowed.' }),
  })
  .meta({ id: 'Permission' });

const permissions = z
  .object({ roles: z.array(z.enum(ROLES)).readonly(), items: z.array(permission).readonly() })
  .meta({ id: 'Permissions' });

function permissionOf({ id, method, path, decides, roles = ROLES }: OfferedOperation, caller: Caller) {
  const allowed = caller.roles.some((role) => roles.includes(role));
  const isOwn = caller.customerId !== undefined && roles.some((role) => !STAFF.includes(role)) && path.includes('{');
  return {
    operation: id,
    method: method.toUpperCase(),
    path,
    decides: decides?.action ?? null,
    allowed,
    limitedTo: allowed && isOwn ? ('ownOrders' as const) : null,
    why: allowed ? null : { code: 'Forbidden' as const, reason: 'RoleMissing' as const, needs: roles },
  };
}

export const getPermissions = operation(
  {
    id: 'getPermissions',
    method: 'get',
    path: '/api/permissions',
    tag: 'access',
    roles: ROLES,
    summary: 'What the caller may do, and why not',
    description: 'Each operation that needs credentials. Whether a decision applies to a saga, its dry run says.',
    answers: { 200: { description: 'Each operation, with the answer for this caller.', body: permissions } },
    problems: [],
  },
  ({ operations }) =>
    async ({ caller }) => {
      const guarded = operations.filter(({ roles }) => roles !== undefined);
      return { status: 200, body: { roles: caller.roles, items: guarded.map((each) => permissionOf(each, caller)) } };
    },
);
