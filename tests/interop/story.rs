//! A day of two banks in each network, as a transcript. It is the same with our codec and with `iso8583_rs`.

use titian::iso8583::De;

use super::bank::{Bank, RequestOutcome};
use super::simulator::Simulator;
use super::tap::{Transcript, tap};

struct Day {
    switch: Simulator,
    ours: Bank,
    other: Bank,
    transcripts: [Transcript; 2],
}

impl Day {
    fn heading(&self, text: &str) {
        for transcript in &self.transcripts {
            transcript.heading(text);
        }
    }

    fn assert_positions(&self) {
        assert_eq!(self.switch.position("213"), self.ours.position);
        assert_eq!(self.switch.position("014"), self.other.position);
    }
}

#[tokio::test]
async fn a_day_in_nusantara() {
    day("nusantara").await;
}

#[tokio::test]
async fn a_day_in_rendezvous() {
    day("rendezvous").await;
}

#[tokio::test]
async fn a_day_in_holdfast() {
    day("holdfast").await;
}

async fn day(network: &str) {
    let (native, reference) =
        tokio::join!(day_with(network, "native"), day_with(network, "reference"));
    // The transcripts are a part of the documentation.
    insta::with_settings!({
        snapshot_path => "../../docs/transcripts",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!(network, native) });
    assert_eq!(reference, native, "the same messages with iso8583_rs");
}

/// Plays a day. Returns the transcripts of both banks.
async fn day_with(network: &str, codec: &str) -> String {
    let switch = Simulator::start(network, &["--codec", codec]);
    let spec = super::bank::network(network, "213").spec().clone();
    let (address, ours_transcript) = tap(&spec, switch.listen).await;
    let (other_address, other_transcript) = tap(&spec, switch.listen).await;
    let transcripts = [ours_transcript, other_transcript];
    for transcript in &transcripts {
        transcript.heading("sign-on");
    }
    let ours = Bank::join(network, "213", address).await;
    let other = Bank::join(network, "014", other_address).await;
    let mut day = Day { switch, ours, other, transcripts };
    inquire_and_pay(&mut day).await;
    match network {
        "holdfast" => no_response_and_no_reversal(&mut day).await,
        _ => no_response_and_reversal(&mut day).await,
    }
    between_banks(&mut day).await;
    cut_over(&mut day).await;
    let Day { switch, ours, other, transcripts } = day;
    for transcript in &transcripts {
        transcript.heading("sign-off");
    }
    ours.sign_off().await;
    other.sign_off().await;
    let (code, log) = switch.stop();
    assert_eq!(code, Some(0));
    for personal in ["1000000001", "5550001111", "7770001111", "936002", "DEWI", "BUDI"] {
        assert!(!log.contains(personal), "{log}");
    }
    let [ours, other] = transcripts;
    format!("Connection of bank 213\n{}\nConnection of bank 014\n{}", ours.text(), other.text())
}

async fn inquire_and_pay(day: &mut Day) {
    day.heading("inquiry");
    let (code, account) = day.ours.inquire("008", "1000000001").await;
    assert_eq!(code, "00");
    assert_eq!(account.holder.unwrap().reveal(), "DEWI LESTARI");
    day.heading("transfer");
    assert_eq!(day.ours.pay("008", "1000000001", 12_500_000).await, "00");
    day.heading("transfers to a closed account, and to one that does not exist");
    assert_eq!(day.ours.pay("008", "1000000002", 100).await, "78");
    assert_eq!(day.ours.pay("008", "1000000003", 100).await, "76");
    day.assert_positions();
}

/// The request and the first reversal have their effect; the responses to both are lost.
async fn no_response_and_reversal(day: &mut Day) {
    day.heading("no response, reversal, repeat of the reversal");
    day.switch.set_fault_rules(
        r#"[{"match": {"mti": "0200"}, "action": "drop_response"},
            {"match": {"mti": "0420"}, "action": "drop_response"},
            {"match": {"mti": "0400"}, "action": "drop_response"}]"#,
    );
    let (order, trace) = (day.ours.order("008", "1000000001", 700), day.ours.trace());
    assert_eq!(day.ours.transfer(&order, trace).await, RequestOutcome::Expired);
    assert_eq!(day.switch.position("213"), day.ours.position - 700, "the request had its effect");
    let [first, repeat] = day.ours.reversal(&order, trace);
    assert_eq!(day.ours.request(first).await, RequestOutcome::Expired);
    let RequestOutcome::Response(response) = day.ours.request(repeat).await else {
        panic!("no response")
    };
    let is_confirmed = ["00", "94"].contains(&day.ours.code(&response).as_str());
    assert!(is_confirmed, "{}", day.ours.code(&response));
    day.switch.set_fault_rules("[]");
    day.assert_positions();
}

/// One request has its effect and one has none; a status inquiry tells which.
async fn no_response_and_no_reversal(day: &mut Day) {
    let cases = [
        ("drop_response", "no response; status inquiry: approved", "00"),
        ("drop_request", "no response; status inquiry: not found", "25"),
    ];
    for (fault, heading, code) in cases {
        day.heading(heading);
        let rule = format!(r#"[{{"match": {{"de": {{"3": "401000"}}}}, "action": "{fault}"}}]"#);
        day.switch.set_fault_rules(&rule);
        let (order, trace) = (day.ours.order("008", "1000000001", 700), day.ours.trace());
        assert_eq!(day.ours.transfer(&order, trace).await, RequestOutcome::Expired);
        let status =
            day.ours.build(|network, into| network.encode_status_inquiry(&order, trace, into));
        let RequestOutcome::Response(response) = day.ours.request(status).await else {
            panic!("no response")
        };
        assert_eq!(day.ours.code(&response), code);
        day.ours.position -= if code == "00" { 700 } else { 0 };
    }
    day.switch.set_fault_rules("[]");
    day.assert_positions();
}

async fn between_banks(day: &mut Day) {
    day.heading("between the two banks");
    let Day { ours, other, switch, .. } = day;
    let (paid, ()) = tokio::join!(ours.pay("014", "7770001111", 31_400), other.accept_credit());
    assert_eq!(paid, "00");
    let (paid, ()) = tokio::join!(other.pay("213", "5550001111", 15_900), ours.accept_credit());
    assert_eq!(paid, "00");
    let (inquired, request) =
        tokio::join!(ours.inquire("014", "7770001111"), other.respond_to_next("00"));
    assert_eq!(inquired.1.holder.unwrap().reveal(), "RINA WULANDARI");
    assert!(request.len() > 100);
    let (declined, _) =
        tokio::join!(ours.pay("014", "7770002222", 100), other.respond_to_next("05"));
    assert_eq!(declined, "05", "the code of the other bank");
    credit_of_simulated_bank(switch, ours).await;
    day.assert_positions();
}

/// Makes the switch send a credit of a simulated bank.
async fn credit_of_simulated_bank(switch: &Simulator, ours: &mut Bank) {
    let order = r#"{"kind": "credit", "from": "008", "to": "213", "from_account": "1000000001",
        "to_account": "5550001111", "amount_minor": 2200}"#;
    let (rrn, ()) = tokio::join!(
        async { switch.command("POST", "/inbound", order)["rrn"].clone() },
        ours.accept_credit()
    );
    assert!(rrn.as_str().unwrap().starts_with('S'), "{rrn}");
    // The response may reach the switch after the admin request.
    switch.all_completed().await;
}

async fn cut_over(day: &mut Day) {
    day.heading("cut-over");
    let before = day.switch.state()["business_date"].as_str().unwrap().to_owned();
    let after = day.switch.command("POST", "/cutover", "")["business_date"].clone();
    assert!(after.as_str().unwrap() > before.as_str());
    if day.ours.network.name() != "rendezvous" {
        for bank in [&mut day.ours, &mut day.other] {
            let date = bank.accept_cut_over().await;
            let digits = after.as_str().unwrap().replace('-', "");
            assert_eq!(date, digits[4..], "{}", De::SETTLEMENT_DATE);
        }
        day.switch.all_completed().await;
    }
    let (status, file) =
        day.switch.request("GET", &format!("/settlement/{before}.csv?bank=213"), "");
    assert_eq!(status, 200);
    let total: Vec<_> = file.lines().last().unwrap().split(',').collect();
    assert_eq!(total.last().unwrap().parse::<i64>().unwrap(), day.ours.position);
}
