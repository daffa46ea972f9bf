/** What an Asterisk hangup cause (Q.850) is called in Kazoo, and the SIP status that means the same. */
interface Cause {
  readonly name: string;
  readonly sip: number | undefined;
}

/** Q.850 with the names FreeSWITCH gave it, which Kazoo's clients know. SIP codes after RFC 3398 and RFC 4497. */
const CAUSES: ReadonlyMap<number, Cause> = new Map<number, Cause>([
  [0, { name: 'UNSPECIFIED', sip: undefined }],
  [1, { name: 'UNALLOCATED_NUMBER', sip: 404 }],
  [2, { name: 'NO_ROUTE_TRANSIT_NET', sip: 404 }],
  [3, { name: 'NO_ROUTE_DESTINATION', sip: 404 }],
  [6, { name: 'CHANNEL_UNACCEPTABLE', sip: 503 }],
  [7, { name: 'CALL_AWARDED_DELIVERED', sip: undefined }],
  [16, { name: 'NORMAL_CLEARING', sip: 200 }],
  [17, { name: 'USER_BUSY', sip: 486 }],
  [18, { name: 'NO_USER_RESPONSE', sip: 408 }],
  [19, { name: 'NO_ANSWER', sip: 480 }],
  [20, { name: 'SUBSCRIBER_ABSENT', sip: 480 }],
  [21, { name: 'CALL_REJECTED', sip: 603 }],
  [22, { name: 'NUMBER_CHANGED', sip: 410 }],
  [23, { name: 'REDIRECTION_TO_NEW_DESTINATION', sip: 410 }],
  [25, { name: 'EXCHANGE_ROUTING_ERROR', sip: 483 }],
  [26, { name: 'LOSE_RACE', sip: 487 }],
  [27, { name: 'DESTINATION_OUT_OF_ORDER', sip: 502 }],
  [28, { name: 'INVALID_NUMBER_FORMAT', sip: 484 }],
  [29, { name: 'FACILITY_REJECTED', sip: 501 }],
  [30, { name: 'RESPONSE_TO_STATUS_ENQUIRY', sip: undefined }],
  [31, { name: 'NORMAL_UNSPECIFIED', sip: 480 }],
  [34, { name: 'NORMAL_CIRCUIT_CONGESTION', sip: 503 }],
  [38, { name: 'NETWORK_OUT_OF_ORDER', sip: 502 }],
  [41, { name: 'NORMAL_TEMPORARY_FAILURE', sip: 503 }],
  [42, { name: 'SWITCH_CONGESTION', sip: 503 }],
  [43, { name: 'ACCESS_INFO_DISCARDED', sip: undefined }],
  [44, { name: 'REQUESTED_CHAN_UNAVAIL', sip: 503 }],
  [50, { name: 'FACILITY_NOT_SUBSCRIBED', sip: 503 }],
  [52, { name: 'OUTGOING_CALL_BARRED', sip: 403 }],
  [54, { name: 'INCOMING_CALL_BARRED', sip: 403 }],
  [57, { name: 'BEARERCAPABILITY_NOTAUTH', sip: 403 }],
  [58, { name: 'BEARERCAPABILITY_NOTAVAIL', sip: 503 }],
  [65, { name: 'BEARERCAPABILITY_NOTIMPL', sip: 488 }],
  [66, { name: 'CHAN_NOT_IMPLEMENTED', sip: 501 }],
  [69, { name: 'FACILITY_NOT_IMPLEMENTED', sip: 501 }],
  [81, { name: 'INVALID_CALL_REFERENCE', sip: undefined }],
  [88, { name: 'INCOMPATIBLE_DESTINATION', sip: 488 }],
  [95, { name: 'INVALID_MSG_UNSPECIFIED', sip: undefined }],
  [96, { name: 'MANDATORY_IE_MISSING', sip: undefined }],
  [97, { name: 'MESSAGE_TYPE_NONEXIST', sip: undefined }],
  [98, { name: 'WRONG_MESSAGE', sip: undefined }],
  [99, { name: 'IE_NONEXIST', sip: undefined }],
  [100, { name: 'INVALID_IE_CONTENTS', sip: undefined }],
  [101, { name: 'WRONG_CALL_STATE', sip: undefined }],
  [102, { name: 'RECOVERY_ON_TIMER_EXPIRE', sip: 504 }],
  [103, { name: 'MANDATORY_IE_LENGTH_ERROR', sip: undefined }],
  [111, { name: 'PROTOCOL_ERROR', sip: 500 }],
  [127, { name: 'INTERWORKING', sip: 500 }],
]);

const DISPOSITIONS: Readonly<Record<string, string>> = {
  USER_BUSY: 'BUSY',
  NO_ANSWER: 'NO ANSWER',
  NO_USER_RESPONSE: 'NO ANSWER',
  SUBSCRIBER_ABSENT: 'NO ANSWER',
  RECOVERY_ON_TIMER_EXPIRE: 'NO ANSWER',
  NORMAL_CLEARING: 'CANCEL',
  ORIGINATOR_CANCEL: 'CANCEL',
  LOSE_RACE: 'CANCEL',
  UNSPECIFIED: 'CANCEL',
  INTERWORKING: 'CANCEL',
};

/** How a channel ended, as a CHANNEL_DESTROY tells it. */
export interface Ending {
  readonly hangup_cause: string;
  readonly hangup_code?: string;
  readonly disposition: string;
}

/**
 * The end of a channel from Asterisk's cause. No cause on a channel that was never answered means that the caller gave
 * up; an ordinary end before the answer is no `200`.
 */
export function endingOf(causeText: string, answered: boolean): Ending {
  const number = /^\d{1,3}$/.test(causeText) ? Number(causeText) : 0;
  const cause = named(number, answered);
  return {
    hangup_cause: cause.name,
    ...(cause.sip === undefined ? {} : { hangup_code: `sip:${cause.sip}` }),
    disposition: answered ? 'ANSWER' : (DISPOSITIONS[cause.name] ?? 'FAILED'),
  };
}

/** Also what Asterisk makes of a cancelled invitation (SIP 487). */
const INTERWORKING = 127;

function named(number: number, answered: boolean): Cause {
  if (!answered && (number === 0 || number === INTERWORKING)) return { name: 'ORIGINATOR_CANCEL', sip: 487 };
  if (!answered && number === 16) return { name: 'NORMAL_CLEARING', sip: 487 };
  return CAUSES.get(number) ?? { name: 'NORMAL_UNSPECIFIED', sip: 480 };
}
