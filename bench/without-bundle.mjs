/** Loaded before the worker: it finds no prebuilt bundle, and makes one as it would in development. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { existsSync } = fs;
fs.existsSync = (file) => !String(file).endsWith('workflow-bundle.js') && existsSync(file);
syncBuiltinESMExports();
