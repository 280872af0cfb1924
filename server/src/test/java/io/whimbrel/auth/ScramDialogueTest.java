package io.whimbrel.auth;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.auth.ScramDialogue.Offer;
import io.whimbrel.tls.ChannelBinding;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;

/// SCRAM-SHA-256 without anything around it.
final class ScramDialogueTest {
    static final String PENCIL =
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ=="
                    + "$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
                    + ":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

    private static final Offer PLAIN_OFFER = new Offer(false, false, List.of());
    private static final byte[] CHANNEL = {1, 2, 3, 0, (byte) 0xff};
    private static final Offer PLUS =
            new Offer(
                    true,
                    true,
                    List.of(
                            new ChannelBinding("tls-exporter", new byte[] {9}),
                            new ChannelBinding("tls-server-end-point", CHANNEL)));

    private static Verifier.Scram keys() {
        return (Verifier.Scram) Verifier.parse(PENCIL).orElseThrow();
    }

    @Test
    void exampleOfRfc7677_isAnsweredByteForByte() {
        var dialogue = new ScramDialogue(PLAIN_OFFER, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");

        assertThat(dialogue.begin()).isEqualTo(new Turn.Ask(""));
        assertThat(dialogue.receive("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"))
                .isEqualTo(new Turn.Claimed("user"));
        assertThat(dialogue.with(keys()))
                .isEqualTo(
                        new Turn.Ask(
                                "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                                        + "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"));
        assertThat(
                        dialogue.receive(
                                "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                                        + "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="))
                .isEqualTo(new Turn.Ask("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
        assertThat(dialogue.receive("")).isEqualTo(new Turn.Proven("user"));
    }

    @Test
    void client_ofItsOwn_makesTheSameMessages() {
        var client = new ScramClient("n,,", new byte[0], "user", "rOprNGfwEbeRWgbNEkqO", "pencil");

        assertThat(
                        client.last(
                                "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                                        + "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"))
                .endsWith(",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    }

    @Test
    void wrongPassword_isDisproven_beforeTheServerProvesAnything() {
        var client = new ScramClient("n,,", new byte[0], "user", "abc", "pencils");

        assertThat(run(PLAIN_OFFER, client))
                .isEqualTo(new Turn.Disproven("user", Failure.CREDENTIALS));
    }

    @Test
    void boundToTheSameChannel_isProven() {
        var client = new ScramClient("p=tls-server-end-point,,", CHANNEL, "user", "abc", "pencil");

        assertThat(run(PLUS, client)).isEqualTo(new Turn.Ask(client.expectedServerFinal()));
    }

    @Test
    void boundToAnotherChannel_isDisproven() {
        var client =
                new ScramClient(
                        "p=tls-server-end-point,,", new byte[] {1, 2, 3}, "user", "abc", "pencil");

        assertThat(run(PLUS, client)).isEqualTo(new Turn.Disproven("user", Failure.BINDING));
    }

    @Test
    void bindingOfAKindThatTheConnectionLacks_isDisproven() {
        var dialogue = new ScramDialogue(PLUS, "nonce");

        assertThat(dialogue.receive("p=tls-unique,,n=user,r=abc"))
                .isEqualTo(new Turn.Disproven("user", Failure.BINDING));
    }

    @Test
    void clientThatWasNotShownPlus_thoughItWasOffered_isDisproven() {
        var offer = new Offer(false, true, PLUS.bindings());

        assertThat(new ScramDialogue(offer, "nonce").receive("y,,n=user,r=abc"))
                .isEqualTo(new Turn.Disproven("user", Failure.BINDING));
        assertThat(new ScramDialogue(PLAIN_OFFER, "nonce").receive("y,,n=user,r=abc"))
                .isEqualTo(new Turn.Claimed("user"));
        assertThat(new ScramDialogue(offer, "nonce").receive("n,,n=user,r=abc"))
                .as("a client without channel binding")
                .isEqualTo(new Turn.Claimed("user"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"n,,n=user,r=abc", "y,,n=user,r=abc"})
    void plusWithoutBinding_isMalformed(String first) {
        assertThat(new ScramDialogue(PLUS, "nonce").receive(first))
                .isInstanceOf(Turn.Malformed.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ",",
                "n,,",
                "n,,n=user",
                "n,,n=,r=abc",
                "n,,n=us=er,r=abc",
                "n,,n=us=2cer,r=abc",
                "n,,n=user,r=",
                "n,,n=user,r=a b",
                "n,,m=ext,n=user,r=abc",
                "n,,r=abc,n=user",
                "x,,n=user,r=abc",
                "n,b=user,n=user,r=abc",
                "p=tls-exporter,,n=user,r=abc",
            })
    void firstMessageThatIsNone_isMalformed(String first) {
        assertThat(new ScramDialogue(PLAIN_OFFER, "nonce").receive(first))
                .isInstanceOf(Turn.Malformed.class);
    }

    @Test
    void escapedNames_areRead_andActingForOthersIsRefused() {
        assertThat(new ScramDialogue(PLAIN_OFFER, "x").receive("n,a=a=2Cb=3Dc,n=a=2Cb=3Dc,r=abc"))
                .isEqualTo(new Turn.Claimed("a,b=c"));
        assertThat(new ScramDialogue(PLAIN_OFFER, "x").receive("n,a=root,n=user,r=abc"))
                .isEqualTo(new Turn.Disproven("user", Failure.CREDENTIALS));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "c=biws",
                "c=biws,r=abcnonce",
                "c=biws,r=abcnonce,p=",
                "c=biws,r=abcnonce,p=AAAA",
                "c=biws,r=abcnonce,p=!!!!",
                "r=abcnonce,c=biws,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            })
    void finalMessageThatIsNone_isMalformed(String last) {
        var dialogue = new ScramDialogue(PLAIN_OFFER, "nonce");
        dialogue.receive("n,,n=user,r=abc");
        dialogue.with(keys());

        assertThat(dialogue.receive(last)).isInstanceOf(Turn.Malformed.class);
    }

    @Test
    void nonceOfAnotherExchange_isDisproven() {
        var client = new ScramClient("n,,", new byte[0], "user", "abc", "pencil");
        var dialogue = new ScramDialogue(PLAIN_OFFER, "nonce");
        dialogue.receive(client.first());
        dialogue.with(keys());

        String replayed = client.last("r=abcother,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");

        assertThat(dialogue.receive(replayed))
                .isEqualTo(new Turn.Disproven("user", Failure.CREDENTIALS));
    }

    @Test
    void lastAnswerWithContent_isMalformed() {
        var client = new ScramClient("n,,", new byte[0], "user", "abc", "pencil");
        var dialogue = new ScramDialogue(PLAIN_OFFER, "nonce");
        dialogue.receive(client.first());
        var first = (Turn.Ask) dialogue.with(keys());
        dialogue.receive(client.last(first.message()));

        assertThat(dialogue.receive("x")).isInstanceOf(Turn.Malformed.class);
    }

    /// Up to the answer to the client's proof.
    private static Turn run(Offer offer, ScramClient client) {
        var dialogue = new ScramDialogue(offer, "nonce");
        assertThat(dialogue.receive(client.first())).isEqualTo(new Turn.Claimed("user"));
        var first = (Turn.Ask) dialogue.with(keys());
        return dialogue.receive(client.last(first.message()));
    }
}
