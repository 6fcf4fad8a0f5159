"""Words that say nothing of what a comment is about, in the languages that comments come in."""

ENGLISH = """
a about above after again all almost also although always am an and any anything are as at away be
because been before being below between both but by came can cannot come could did do does doing
done down during each either else enough even ever every everything few for from further gave get
gets getting give given go goes going gone got had has have having he her here hers him his how
however i if in instead into is it its itself just know let like lot made make makes making many
may me might more most much must my myself never no nor not nothing now of off often ok okay on once
one only or other our out over own please put quite rather re really same say see seem seems she
should since so some something still such take than that the their them then there these they thing
things this those though through thus to too two under until up upon us use used uses using very
want was way we well were what when where whether which while who whose why will with within without
would yes yet you your yours ain aren couldn didn doesn don hadn hasn haven isn ll mustn needn shan
shouldn ve wasn weren won wouldn
dont cant didnt doesnt isnt wont im ive thats theres
good great nice bad best better love loved excellent amazing awesome perfect
"""
GERMAN = """
aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bin bis bitte
da dabei damit dann das dass dein dem den denn der des die dies diese diesem diesen dieser dieses
doch dort durch ein eine einem einen einer eines er es etwas euch für ganz gegen geht haben habe hat
hatte hatten hier hin ich ihm ihn ihr ihre ihren im immer in ins ist ja jede jeder jedes jetzt kann
kein keine keinen können könnte man mehr mein meine mich mir mit muss nach nicht nichts noch nun nur
ob oder ohne sehr sein seine sich sie sind so soll sollte über um und uns unter vom von vor war
waren warum was weil wenn wer werden wie wieder will wir wird wurde wurden zu zum zur zwar gut
"""
FRENCH = """
ai alors au aucun aussi autre aux avait avant avec avez avoir avons bien bon bonne car ce cela ces
cet cette ceux chaque chez ci comme comment dans de des déjà depuis deux doit donc du elle elles en
encore entre est et étaient était étant être eu fait faire fois font ici il ils je jour la là le les
leur leurs lui ma mais me même mes moi moins mon ne ni non nos notre nous on ont ou où par parce pas
peu peut plus pour pourquoi quand que quel quelle qui sa sans se sera ses si sien son sont sous sur
ta te tes toi ton tous tout toute toutes très trop tu un une va vers voit vos votre vous vu merci
"""
SPANISH = """
a al algo algunos ante antes aquí así aunque bien bueno cada casi como con cual cuando de del desde
donde dos el él ella ellas ellos en entre era eran es esa ese eso esta está estaba están este esto
estos fue fueron gracias ha había hace hacer han hasta hay la las le les lo los más me mi mis mucho
muy nada ni no nos nosotros o otra otro para pero poco por porque que qué quien se sea ser si sí sin
sobre solo son su sus también tan tanto te tiene tienen toda todas todo todos tu tus un una uno unos
y ya yo
"""
ITALIAN = """
a abbiamo al alla alle allo anche ancora avere aveva bene c che chi ci come con così cui da dal
dalla dei del della delle dello di dopo dove e è era erano essere fa fare fatto già gli grazie ha
hanno ho i il in io l la le lei li lo loro lui ma me mi mia mio molto ne nei nel nella no noi non
nostro o ogni per perché più poi prima può qua quando quanto quella quelle quello questa queste
questi questo qui se sei senza si sì sia sono sta stato su sua sue sui sul sulla suo te ti tra tu
tua tuo tutti tutto un una uno va vi voi
"""
PORTUGUESE = """
à ao aos as às até bem cada com como da das de dela dele deles depois do dos é ela ele eles em entre
era essa esse esta está estão este eu foi foram há isso isto já lhe mais mas me mesmo meu minha
muito na não nas nem no nos nós num numa o obrigado os ou para pela pelo por porque quando que quem
se sem ser seu sua são só também tem têm tudo um uma você
"""
DUTCH = """
aan al alles als altijd bij daar dan dat de der deze die dit doch doen door dus een en er ge geen
goed had heb hebben heeft hem het hier hij hoe hun iets ik in is ja je kan kon kunnen maar me meer
men met mij mijn moet na naar niet niets nog nu of om omdat onder ons ook op over reeds te tegen
toch toen tot u uit uw van veel voor want waren was wat werd wezen wie wil worden wordt zal ze
zeer zelf zich zij zijn zo zonder zou bedankt
"""

STOP_WORDS = frozenset(
    f"{ENGLISH} {GERMAN} {FRENCH} {SPANISH} {ITALIAN} {PORTUGUESE} {DUTCH}".split()
)
