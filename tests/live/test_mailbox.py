import threading

from core.live.mailbox import Mailbox


def test_the_newest_wins():
    mailbox = Mailbox()
    for item in (1, 2, 3):
        mailbox.put(item)
    assert mailbox.take(0) == 3
    assert mailbox.take(0) is None


def test_taking_waits_for_what_comes():
    mailbox = Mailbox()
    taken = []
    reader = threading.Thread(target=lambda: taken.append(mailbox.take(30)))
    reader.start()
    mailbox.put("frame")
    reader.join(30)
    assert taken == ["frame"]


def test_closing_wakes_the_reader_and_drops_what_was_inside():
    mailbox = Mailbox()
    taken = []
    reader = threading.Thread(target=lambda: taken.append(mailbox.take(60)))
    reader.start()
    mailbox.close()
    reader.join(30)
    assert taken == [None]
    mailbox.put("late")
    assert mailbox.take(0) is None
    assert mailbox.closed


def test_a_sleeper_is_woken_by_closing():
    mailbox = Mailbox()
    assert not mailbox.wait_closed(0)
    woken = []
    sleeper = threading.Thread(target=lambda: woken.append(mailbox.wait_closed(60)))
    sleeper.start()
    mailbox.close()
    sleeper.join(30)
    assert woken == [True]
