import { loadConfig } from '../../src/config/config.js';

const OWN = ['localhost', '127.0.0.1', '[::1]'];

it.each([
  [{}, OWN],
  [{ LISTEN_HOST: '127.0.0.2' }, [...OWN, '127.0.0.2']],
  [{ LISTEN_HOST: '::1' }, OWN],
  [{ ALLOWED_HOSTS: 'Shop.test, api.shop.test' }, [...OWN, 'shop.test', 'api.shop.test']],
  [{ LISTEN_HOST: '0.0.0.0' }, undefined],
  [{ LISTEN_HOST: '10.0.0.5' }, undefined],
  [{ LISTEN_HOST: '0.0.0.0', ALLOWED_HOSTS: 'shop.test' }, [...OWN, '0.0.0.0', 'shop.test']],
])('(A12) with %j the host names are %j', (env, hosts) => {
  expect(loadConfig(env).hosts).toEqual(hosts);
});

it.each([
  ['https://shop.example.com', ['https://shop.example.com']],
  [' https://shop.example.com , http://localhost:3000', ['https://shop.example.com', 'http://localhost:3000']],
  ['capacitor://localhost', ['capacitor://localhost']],
])('(A4) the origins %j are taken', (text, origins) => {
  expect(loadConfig({ API_CORS_ORIGINS: text }).corsOrigins).toEqual(origins);
});

it.each([
  '*',
  'null',
  'https://*.example.com/',
  'https://shop.example.com/',
  'shop.example.com',
  'https://SHOP.test',
  ',',
])('(A4) %j is no origin that a browser sends, and is refused at start', (text) => {
  expect(() => loadConfig({ API_CORS_ORIGINS: text })).toThrow(/^API_CORS_ORIGINS .*must be an origin/);
});

it.each(['shop.test:8000', 'https://shop.test', 'shop test', '*', ''])(
  '(A12) %j is no host name, or none at all',
  (text) => {
    if (text === '') expect(loadConfig({ ALLOWED_HOSTS: text }).hosts).toEqual(OWN);
    else expect(() => loadConfig({ ALLOWED_HOSTS: text })).toThrow(/^ALLOWED_HOSTS .*must be a host name/);
  },
);
