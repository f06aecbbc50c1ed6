using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.Layer4.Nat;

namespace LoadBalancer.Layer4.Tests.Nat;

/// <summary>Lines as Linux 6.18 and conntrack 1.4.7 wrote them.</summary>
public sealed class ConntrackTests
{
    private static readonly string[] Table =
    [
        // The kernel's file, with a zone; seen as the client.
        "ipv4     2 tcp      6 431999 ESTABLISHED src=10.91.0.2 dst=10.91.0.1 sport=39780 dport=7000 src=10.92.0.12 dst=10.91.0.2 sport=7001 dport=39780 [ASSURED] mark=0 zone=0 use=2",
        // The program, with bytes; seen as the balancer, by another port.
        "ipv4     2 tcp      6 110 TIME_WAIT src=10.92.0.10 dst=10.92.0.1 sport=49546 dport=7000 packets=5 bytes=272 src=10.92.0.12 dst=10.92.0.1 sport=7000 dport=1024 packets=4 bytes=230 [ASSURED] mark=0 use=1",
        "ipv4     2 tcp      6 118 SYN_SENT src=10.91.0.2 dst=10.91.0.1 sport=39781 dport=7000 [UNREPLIED] src=10.92.0.13 dst=10.91.0.2 sport=7000 dport=39781 mark=0 use=1",
        // Hardware has it: no time-out.
        "ipv6     10 tcp      6 src=fd00:91::2 dst=fd00:91::1 sport=50000 dport=7000 src=fd00:92::12 dst=fd00:91::2 sport=7000 dport=50000 [HW_OFFLOAD] mark=0 use=3",
        "ipv4     2 udp      17 29 src=10.91.0.2 dst=10.91.0.1 sport=40000 dport=7000 [UNREPLIED] src=10.92.0.11 dst=10.91.0.2 sport=7000 dport=40000 mark=0 use=1",
        // Not translated; to another port; a reply to such a port; another protocol; nothing.
        "ipv4     2 tcp      6 300 ESTABLISHED src=10.91.0.2 dst=10.92.0.11 sport=39782 dport=7000 src=10.92.0.11 dst=10.91.0.2 sport=7000 dport=39782 [ASSURED] mark=0 use=1",
        "ipv4     2 tcp      6 300 ESTABLISHED src=10.91.0.2 dst=10.91.0.1 sport=39783 dport=70001 src=10.92.0.11 dst=10.91.0.2 sport=7000 dport=39783 [ASSURED] mark=0 use=1",
        "ipv4     2 tcp      6 300 ESTABLISHED src=10.91.0.2 dst=10.91.0.1 sport=7000 dport=80 src=10.92.0.11 dst=10.91.0.2 sport=8080 dport=7000 [ASSURED] mark=0 use=1",
        "ipv4     2 icmp     1 29 src=10.91.0.2 dst=10.91.0.1 type=8 code=0 id=1 src=10.91.0.1 dst=10.91.0.2 type=0 code=0 id=1 mark=0 use=1",
        "",
        "no such thing dport=7000 ",
    ];

    [Fact]
    public void Translated_connections_to_the_port_are_read_and_no_others()
    {
        var entries = Conntrack.Parse(Table, Layer4Protocol.Tcp, 7000);

        Assert.Equal(
            [
                new(Layer4Protocol.Tcp, "ESTABLISHED", TimeSpan.FromSeconds(431999), At("10.91.0.2:39780"), At("10.91.0.1:7000"), At("10.92.0.12:7001"), At("10.91.0.2:39780"), null, null),
                new(Layer4Protocol.Tcp, "TIME_WAIT", TimeSpan.FromSeconds(110), At("10.92.0.10:49546"), At("10.92.0.1:7000"), At("10.92.0.12:7000"), At("10.92.0.1:1024"), 272, 230),
                new(Layer4Protocol.Tcp, "SYN_SENT", TimeSpan.FromSeconds(118), At("10.91.0.2:39781"), At("10.91.0.1:7000"), At("10.92.0.13:7000"), At("10.91.0.2:39781"), null, null),
                new(Layer4Protocol.Tcp, null, null, At("[fd00:91::2]:50000"), At("[fd00:91::1]:7000"), At("[fd00:92::12]:7000"), At("[fd00:91::2]:50000"), null, null),
            ],
            entries);
        Assert.Equal([true, false, true, true], entries.Select(entry => entry.IsOpen));
    }

    [Fact]
    public void UDP_has_no_state()
    {
        var entry = Assert.Single(Conntrack.Parse(Table, Layer4Protocol.Udp, 7000));

        Assert.Equal(new(Layer4Protocol.Udp, null, TimeSpan.FromSeconds(29), At("10.91.0.2:40000"), At("10.91.0.1:7000"), At("10.92.0.11:7000"), At("10.91.0.2:40000"), null, null), entry);
        Assert.True(entry.IsOpen);
    }

    [Fact]
    public async Task Without_file_and_program_one_line_says_what_is_missing()
    {
        var failure = await Assert.ThrowsAsync<NatException>(() => new Conntrack(null, "/proc/no such file").ReadAsync(Layer4Protocol.Tcp, 7000));

        Assert.Contains("/proc/no such file", failure.Message);
        Assert.Contains("conntrack (package conntrack) is not installed", failure.Message);
        Assert.DoesNotContain('\n', failure.Message);
    }

    [Fact]
    public async Task The_file_is_read_where_it_can_be()
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllLinesAsync(path, Table, TestContext.Current.CancellationToken);

            Assert.Equal(4, (await new Conntrack(null, path).ReadAsync(Layer4Protocol.Tcp, 7000)).Count);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static IPEndPoint At(string text) => IPEndPoint.Parse(text);
}
