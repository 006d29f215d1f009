import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Life } from '../chaos/life';
import { cli, keySecretFile, must, newFolder, type Outcome, tablesOf } from './laptop';

const NETWORK = { patients: 300, events: 6000, seed: 11 };
const secret = keySecretFile();
const args = (dataDir: string) => [
  'start', '--once', '--json', '--data', dataDir, '--key-secret-file', secret,
  ...Object.entries(NETWORK).flatMap(([name, value]) => [`--${name}`, `${value}`]),
]; // prettier-ignore

/** A folder on a small disk of its own, which can grow; none where this user may not mount one. */
interface SmallDisk {
  readonly folder: string;
  grow(): void;
  remove(): void;
}

function smallDisk(megabytes: number): SmallDisk | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'carelake-full-'));
  const mount = (...options: string[]) => spawnSync('mount', [...options, folder], { encoding: 'utf8' });
  if (mount('-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs').status !== 0) {
    rmdirSync(folder);
    return undefined;
  }
  return {
    folder,
    grow: () => void mount('-o', 'remount,size=400m'),
    remove: () => {
      spawnSync('umount', [folder]);
      rmdirSync(folder);
    },
  };
}

/** Where nothing may be mounted: the platform's own writes fail from some on; what the engine writes does not. */
async function failingWrites(dataDir: string, operations: number): Promise<Outcome> {
  const life = new Life(dataDir, { ...NETWORK, env: 'local', port: 0, once: true, json: true, data: dataDir, keySecretFile: secret }, 0); // prettier-ignore
  await life.serves();
  life.suffer({ kind: 'disk-full', operations });
  return { ...(await life.end()), stdout: '' };
}

let undisturbed: Record<string, string[]>;
beforeAll(async () => {
  const dataDir = newFolder('room');
  await must(args(dataDir));
  undisturbed = await tablesOf(dataDir);
});

const mayMount = ((disk) => (disk?.remove(), disk !== undefined))(smallDisk(1));
if (!mayMount)
  console.warn('No disk may be mounted here: writes of the platform fail in its place, those of the engine do not');
const how = mayMount ? 'a disk of %i MB becomes full' : 'writes fail as on a full disk (in place of one of %i MB)';

test.each([8, 11, 14, 17])(`${how}: told with its path and the next step; with room the next start ends in the same tables`, async (megabytes) => {
  const disk = mayMount ? smallDisk(megabytes) : undefined;
  const folder = disk?.folder ?? mkdtempSync(join(tmpdir(), 'carelake-no-mount-'));
  const dataDir = join(folder, 'data');
  if (!disk) mkdirSync(dataDir);
  try {
    const { code, stdout, stderr } = disk ? await cli(args(dataDir)) : await failingWrites(dataDir, megabytes * 10);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^carelake: .*disk full/m);
    expect(stderr).toMatch(/^ {2}where: .*data/m);
    expect(stderr).toMatch(/^ {2}next: +free some space/m);
    expect(stderr).not.toMatch(/\n\s+at |ENOSPC/);
    disk?.grow();
    await must(args(dataDir));
    expect(await tablesOf(dataDir)).toEqual(undisturbed);
  } finally {
    disk?.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}); // prettier-ignore
