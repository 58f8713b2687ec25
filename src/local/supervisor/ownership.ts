/** The owner of a data directory, because two supervisors on one directory would end each other's servers. */
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeFolder } from '../machine/folder.js';
import { commandLine, isRunning } from '../machine/processes.js';
import { StartError } from '../../platform/start-error.js';
import { reasonOf } from '../../platform/reason.js';

/**
 * The pid and the command line of the owner. The command line tells it from another program that has its pid now, since
 * pids are reused, most of all after a reboot; it differs with the way in which an Unwind is started.
 */
const claimOf = (pid: number): string => `${pid}\n${commandLine(pid)}\n`;

function ownerIn(file: string): number | undefined {
  try {
    const claim = readFileSync(file, 'utf8');
    const pid = Number.parseInt(claim, 10);
    return isRunning(pid) && claim === claimOf(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}

export interface Ownership {
  /** The previous owner was killed before it released the directory, and may have left processes behind. */
  readonly predecessorWasKilled: boolean;
  release(): void;
}

/**
 * Makes this process the owner of `what` in the data directory.
 * @throws StartError if another owner is running
 */
export function takeOwnership(dataDir: string, what: string): Ownership {
  try {
    makeFolder(dataDir);
  } catch (error) {
    const reason = reasonOf(error);
    throw new StartError(
      `DATA_DIR ${dataDir} cannot be made (${reason}): set it to a folder that this user may write to.`,
    );
  }
  const file = path.join(dataDir, `${what}.pid`);
  const mine = `${file}.${process.pid}`;
  let predecessorWasKilled = false;
  try {
    writeFileSync(mine, claimOf(process.pid));
  } catch (error) {
    const reason = reasonOf(error);
    throw new StartError(
      `DATA_DIR ${dataDir} cannot be written to (${reason}): set it to a folder that this user owns.`,
    );
  }
  try {
    for (let attempt = 0; ; attempt += 1) {
      try {
        linkSync(mine, file); // throws if the name exists: of two processes that start at once, one gets it
        break;
      } catch (error) {
        const owner = ownerIn(file);
        if (owner !== undefined) {
          throw new StartError(
            `Another Unwind (pid ${owner}) runs on ${dataDir}: stop it, or set DATA_DIR and the ports to others.`,
          );
        }
        if (attempt > 3) throw error;
        predecessorWasKilled = true;
        rmSync(file, { force: true });
      }
    }
  } finally {
    rmSync(mine, { force: true });
  }
  return {
    predecessorWasKilled,
    release: () => {
      rmSync(file, { force: true });
    },
  };
}
