/** The lines that `npm start` prints when everything is up. */
import type { Plan } from './system.js';
import { databaseUrlFile } from '../../config/find-database.js';

type ReadyPlan = Pick<Plan, 'config' | 'extent' | 'logFolder'>;

/** The embedded server's URL is shown with its password only in development, for trying things out. */
function databaseShown({ config, extent }: ReadyPlan, url: string): string {
  if (extent.postgres && config.environment !== 'production') return url;
  if (extent.postgres) return `in ${databaseUrlFile(config.dataDir)}`;
  return 'as configured';
}

/** The lines with the addresses of all components. */
export function readyBlock(plan: ReadyPlan, databaseUrl: string | undefined): string {
  const { config, extent, logFolder } = plan;
  const rows = [
    ...(extent.part === 'all' ? [['API', `http://localhost:${config.apiPort}`]] : []),
    ...(extent.part === 'all' ? [['API docs', `http://localhost:${config.apiPort}/docs`]] : []),
    ...(extent.temporal ? [['Temporal UI', `http://localhost:${config.temporalUiPort}`]] : []),
    ...(databaseUrl === undefined ? [] : [['DATABASE_URL', databaseShown(plan, databaseUrl)]]),
    ['logs', logFolder],
  ];
  return ['ready', ...rows.map(([name = '', value = '']) => `  ${name.padEnd(14)}${value}`)].join('\n');
}
