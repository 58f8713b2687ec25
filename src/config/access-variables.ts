/** Credentials for the services and the stores: tokens, and the PEM files of TLS. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** As RFC 6750 has it. Shorter ones could be guessed. */
const token = z
  .string()
  .regex(/^[A-Za-z0-9._~+/-]{16,4096}=*$/, 'a bearer token: at least 16 letters, digits or any of . _ ~ + / -')
  .optional();

const pemFile = z
  .string()
  .refine(isPem, 'the path of a PEM file that can be read, such as /etc/unwind/ca.pem')
  .optional();

function isPem(file: string): boolean {
  try {
    return readFileSync(file, 'utf8').includes('-----BEGIN ');
  } catch {
    return false;
  }
}

export const accessVariables = {
  PAYMENT_TOKEN: token,
  INVENTORY_TOKEN: token,
  SHIPPING_TOKEN: token,
  NOTIFICATION_TOKEN: token,
  PAYMENT_TLS_CA_FILE: pemFile,
  INVENTORY_TLS_CA_FILE: pemFile,
  SHIPPING_TLS_CA_FILE: pemFile,
  NOTIFICATION_TLS_CA_FILE: pemFile,
  PAYMENT_TLS_CERT_FILE: pemFile,
  INVENTORY_TLS_CERT_FILE: pemFile,
  SHIPPING_TLS_CERT_FILE: pemFile,
  NOTIFICATION_TLS_CERT_FILE: pemFile,
  PAYMENT_TLS_KEY_FILE: pemFile,
  INVENTORY_TLS_KEY_FILE: pemFile,
  SHIPPING_TLS_KEY_FILE: pemFile,
  NOTIFICATION_TLS_KEY_FILE: pemFile,
  REDIS_TLS_CA_FILE: pemFile,
  REDIS_TLS_CERT_FILE: pemFile,
  REDIS_TLS_KEY_FILE: pemFile,
  MONGODB_TLS_CA_FILE: pemFile,
};
