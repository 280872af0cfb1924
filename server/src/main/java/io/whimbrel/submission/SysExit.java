package io.whimbrel.submission;

/// Exit codes that programs which call sendmail(1) understand: those of `sysexits.h`.
enum SysExit {
    OK(0),
    /// The command line is wrong.
    USAGE(64),
    /// The message is wrong.
    DATA_ERROR(65),
    /// A recipient is no address.
    NO_USER(67),
    /// A bug.
    SOFTWARE(70),
    /// The pickup folder is not there.
    CANNOT_CREATE(73),
    /// The message could not be read or written.
    IO_ERROR(74),
    /// Try again later.
    TEMPORARY_FAILURE(75),
    /// This user may not leave mail.
    NO_PERMISSION(77),
    /// The configuration cannot be used.
    CONFIG(78);

    private final int code;

    SysExit(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }
}
