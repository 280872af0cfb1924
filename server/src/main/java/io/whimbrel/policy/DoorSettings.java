package io.whimbrel.policy;

import java.util.List;

/// What one `[[listen]]` asks of clients before it takes their mail. Immutable.
///
/// @param limits how much in how long
/// @param blocklists on which a client may not be that may not relay
/// @param checksSenderDomain whether the domain of the reverse-path must exist
/// @param checksRecipientDomain whether the domain of each recipient must exist
public record DoorSettings(
        DoorLimits limits,
        List<BlocklistZone> blocklists,
        boolean checksSenderDomain,
        boolean checksRecipientDomain) {

    public static final DoorSettings NONE =
            new DoorSettings(DoorLimits.NONE, List.of(), false, false);

    public DoorSettings {
        blocklists = List.copyOf(blocklists);
    }
}
