package io.whimbrel.mail;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MailStreamTest {
    /// A number that would change from process to process if an identity had part in it.
    @Test
    void hashCode_isTheSameInEveryProcess() {
        var stream = new MailStream("t", "c", PriorityClass.BULK, "p");
        assertThat(stream.hashCode()).isEqualTo(5_604_689);
        assertThat(stream).isEqualTo(new MailStream("t", "c", PriorityClass.BULK, "p"));
    }
}
