using LoadBalancer.Layer4.Nat;

namespace LoadBalancer.Layer4.Tests.Nat;

public sealed class NatSupportTests
{
    private const string Root = "0\t0\t0\t0";
    private const string User = "1000\t1000\t1000\t1000";
    private const string All = "000001fffeffffff";
    private const string OnlyNetAdmin = "0000000000001000";
    private const string AllButNetAdmin = "000001fffeffefff";
    private const string None = "0000000000000000";

    [Theory]
    [InlineData(Root, All, None, true, null)]
    [InlineData(Root, AllButNetAdmin, None, true, "the capability CAP_NET_ADMIN, which this process does not have (root has it)")]
    [InlineData(User, None, None, true, "the capability CAP_NET_ADMIN, which this process does not have (root has it)")]
    [InlineData(User, OnlyNetAdmin, OnlyNetAdmin, true, null)]
    [InlineData(User, OnlyNetAdmin, None, true, "CAP_NET_ADMIN as an ambient capability, because nft is started as a program; it is not ambient here")]
    [InlineData(Root, All, None, false, "the program nft (package nftables), which is not installed")]
    [InlineData(User, None, None, false, "the capability CAP_NET_ADMIN, which this process does not have (root has it), and the program nft (package nftables), which is not installed")]
    public void What_is_missing_is_named(string uid, string effective, string ambient, bool hasNft, string? expected) =>
        Assert.Equal(expected, NatSupport.Missing(["Name:\tdotnet", $"Uid:\t{uid}", $"CapEff:\t{effective}", $"CapAmb:\t{ambient}", "Seccomp:\t0"], hasNft));
}
