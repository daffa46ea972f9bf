import type { CallCommand, CommandOutcome, ConferenceCommandRequest } from '@ringdown/contracts';
import { AmiRefusal } from '../ami/ami-session';
import { breakOff } from './break-off';
import { callflow } from './callflow';
import { commandConference } from './conference';
import { hangup } from './hangup';
import { hold, holdControl, resume } from './hold';
import { park } from './park';
import { Players } from './play';
import { Recorder } from './record';
import { legOf, type Switchboard } from './switchboard';
import { intercept, move } from './take-over';
import { transfer } from './transfer';

/** What can be done to calls and conferences of the switch, one command at a time. */
export class CallCommands {
  private readonly players: Players;
  private readonly recorder: Recorder;

  constructor(private readonly board: Switchboard) {
    this.players = new Players(board);
    this.recorder = new Recorder(board);
  }

  /** Errors as of `CallSource.execute`. */
  execute(accountId: string, callId: string, command: CallCommand): Promise<CommandOutcome> {
    return this.logged(command.name, async () => {
      this.board.session();
      const leg = legOf(this.board, accountId, callId);
      const { board } = this;
      switch (command.name) {
        case 'hangup':
          return hangup(board, leg);
        case 'break':
          return breakOff(board, this.players, leg);
        case 'transfer':
          return transfer(board, leg, command);
        case 'callflow':
          return callflow(board, leg, command);
        case 'intercept':
          return intercept(board, leg, command);
        case 'move':
          return move(board, leg, command);
        case 'park':
          return park(board, leg, command);
        case 'hold':
          return hold(board, leg, command);
        case 'hold_control':
          return holdControl(board, leg, command);
        case 'resume':
          return resume(board, leg);
        case 'play':
          return this.players.play(leg, command);
        case 'record_call':
          return this.recorder.record(leg, command);
      }
    });
  }

  conference(request: ConferenceCommandRequest): Promise<CommandOutcome> {
    return this.logged(request.action, () => {
      this.board.session();
      return commandConference(this.board, this.players, request);
    });
  }

  /** The call has ended. */
  forget(callId: string): void {
    this.recorder.forget(callId);
  }

  private async logged(name: string, run: () => Promise<CommandOutcome>): Promise<CommandOutcome> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof AmiRefusal) {
        this.board.logger.info('the switch refused a command', { command: name, reason: error.reason });
      }
      throw error;
    }
  }
}
