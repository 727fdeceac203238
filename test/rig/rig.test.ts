import { expect } from 'chai';
import { containersOn, holdMemory, memAvailableKiB, startsOn, startUnmanaged } from './support/hosts.ts';
import { IMAGES } from './support/image.ts';
import { serves, sshTo } from './support/login.ts';
import { useRig } from './support/suite.ts';

describe('the rig', function () {
  this.timeout(60_000);
  const rig = useRig();

  it('lets the login user in over SSH with the key, and nobody as root', async () => {
    const [head] = rig().hosts;
    const asUser = await sshTo(rig(), head!, 'id -un; hostname; echo $DOCKER_HOST');
    expect(asUser.stdout.split('\n')).to.include.members(['spark', 'spark1', 'unix:///run/docker.sock']);
    const asRoot = await sshTo(rig(), head!, 'true', { user: 'root' });
    expect(asRoot.code).to.equal(255);
    expect(asRoot.stderr).to.match(/Permission denied/);
  });

  it('lets each host log in to the other without a question', async () => {
    const [head, worker] = rig().hosts;
    const answer = await sshTo(rig(), head!, `ssh -o BatchMode=yes ${worker!.address} hostname`);
    expect(answer).to.include({ code: 0, stdout: 'spark2\n' });
  });

  it('runs a container as a Spark would, with the options that this machine refuses', async () => {
    const [head] = rig().hosts;
    const options = '--privileged --gpus all --ulimit nofile=1048576 --ipc=host --network host';
    const answer = await sshTo(
      rig(),
      head!,
      `docker run ${options} -d --name vllm_node ${IMAGES.node} vllm serve 'org/a b' --chat-template '--privileged --gpus all'`,
    );
    expect(answer.code, answer.stderr).to.equal(0);
    await serves(head!);
    expect(startsOn(head!).map((start) => start.argv)).to.deep.equal([['serve', 'org/a b', '--chat-template', '--privileged --gpus all']]);
    expect((await containersOn(head!)).map(({ name, status }) => ({ name, status }))).to.deep.equal([
      { name: 'vllm_node', status: 'running' },
    ]);
  });

  it('keeps the hosts apart: files, processes, memory and containers', async () => {
    const [head, worker] = rig().hosts;
    await startUnmanaged(head!, { name: 'vllm-gemma4' });
    await holdMemory(head!, 100 * 1024 ** 3);
    await sshTo(rig(), head!, 'touch /tmp/mark ~/mark');
    const there = await sshTo(
      rig(),
      worker!,
      'ls /tmp/mark ~/mark; docker ps -aq; pgrep -f "[v]llm serve"; grep MemAvailable /proc/meminfo',
    );
    expect(there.stdout.trim()).to.match(/^MemAvailable: +\d+ kB$/);
    expect(memAvailableKiB(worker!)).to.be.greaterThan(100_000_000);
    const here = await sshTo(rig(), head!, 'rm /tmp/mark ~/mark; grep MemAvailable /proc/meminfo');
    expect(here.code).to.equal(0);
    expect(Number(here.stdout.match(/\d+/)?.[0]))
      .to.equal(memAvailableKiB(head!))
      .and.be.lessThan(20_000_000);
  });

  it('has the same image ids on both hosts', async () => {
    const ids = await Promise.all(
      rig().hosts.map((host) => Promise.all(Object.values(IMAGES).map((tag) => host.docker('image', 'inspect', '-f', '{{.Id}}', tag)))),
    );
    expect(ids[0]).to.deep.equal(ids[1]);
    expect(new Set(ids[0]).size).to.equal(Object.values(IMAGES).length);
  });
});
