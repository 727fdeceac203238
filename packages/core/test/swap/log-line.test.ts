import { expect } from 'chai';
import { processPrefix, readLogLine } from '../../src/swap/log-line.ts';

describe('readLogLine', () => {
  const table: readonly (readonly [line: string, process: string, level: string | null, message: string])[] = [
    ['(APIServer pid=61) INFO 11-21 12:00:00 [utils.py:233] non-default args: {}', 'APIServer', 'INFO', 'non-default args: {}'],
    ['(EngineCore_DP0 pid=9) WARNING 11-21 12:00:00 [v1/core.py:7] careful', 'EngineCore_DP0', 'WARNING', 'careful'],
    ['(Worker_TP1 pid=288) ERROR 11-21 12:00:00.123 [a.py:1] broken', 'Worker_TP1', 'ERROR', 'broken'],
    ['(VllmWorker rank=1 pid=77) INFO 06-01 08:09:10 [a.py:1] old', 'VllmWorker rank=1', 'INFO', 'old'],
    [
      '(RayWorkerWrapper pid=455, ip=10.77.0.12) INFO 11-21 12:00:00 [a.py:1] far',
      'RayWorkerWrapper pid=455, ip=10.77.0.12',
      'INFO',
      'far',
    ],
    ['(EngineCore pid=1) (Worker_TP0 pid=2) nested', 'Worker_TP0', null, 'nested'],
    ['(APIServer pid=61) INFO:     Application startup complete.', 'APIServer', 'INFO', 'Application startup complete.'],
    ['INFO:     Uvicorn running on http://0.0.0.0:8000', '', 'INFO', 'Uvicorn running on http://0.0.0.0:8000'],
    ['2026-11-21T12:00:00.123456789Z INFO 11-21 12:00:00 [a.py:1] stamped', '', 'INFO', 'stamped'],
    ['\u001b[0;36m(APIServer pid=61)\u001b[0;0m coloured', 'APIServer', null, 'coloured'],
    ['INFO 11-21 12:00:00 without a place', '', 'INFO', 'without a place'],
    ['(not a prefix) text', '', null, '(not a prefix) text'],
    ['INFORMATION 11-21 12:00:00 [a.py:1] x', '', null, 'INFORMATION 11-21 12:00:00 [a.py:1] x'],
    ['Head Node: 10.77.0.11', '', null, 'Head Node: 10.77.0.11'],
    ['', '', null, ''],
  ];
  for (const [line, process, level, message] of table) {
    it(`takes ${JSON.stringify(line)} apart`, () => {
      expect(readLogLine(line)).to.deep.equal({ process, level, message });
    });
  }

  it('gives a restarted worker the same name, and keeps two Ray workers apart', () => {
    expect(readLogLine('(Worker_TP0 pid=1) a').process).to.equal(readLogLine('(Worker_TP0 pid=2) a').process);
    expect(readLogLine('(RayWorkerWrapper pid=1) a').process).not.to.equal(readLogLine('(RayWorkerWrapper pid=2) a').process);
  });

  it('gives the prefix with its blank, so that prefix and rest make up the line', () => {
    expect(processPrefix('(Worker_TP0 pid=7) bar')).to.equal('(Worker_TP0 pid=7) ');
    expect(processPrefix('bar (Worker_TP0 pid=7)')).to.equal('');
  });
});
